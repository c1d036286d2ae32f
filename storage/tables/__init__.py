"""The tables of the core. ``community_id`` is in every key of what a community owns, so that they can be spread."""

from storage.tables.activity import Activity, Alarm, Delivery, Schedule
from storage.tables.base import Table, metadata, table_of
from storage.tables.community import Channel, Community, JoinCode, Space, SpaceRoute
from storage.tables.intake import Dialogue, Inbox, Keeper, Watermark
from storage.tables.participation import Participation, ParticipationDay
from storage.tables.people import Account, Consent, LinkCode, Member, Once, Person, RoleGrant
from storage.tables.work import Absence, Incident, Lease, Pace, Worker

CORE_TABLES = frozenset(metadata.tables)
"""The names of the tables above; whatever joins the metadata later is a plugin's."""

__all__ = [
    "CORE_TABLES",
    "Absence",
    "Account",
    "Activity",
    "Alarm",
    "Channel",
    "Community",
    "Consent",
    "Delivery",
    "Dialogue",
    "Inbox",
    "Incident",
    "JoinCode",
    "Keeper",
    "Lease",
    "LinkCode",
    "Member",
    "Once",
    "Pace",
    "Participation",
    "ParticipationDay",
    "Person",
    "RoleGrant",
    "Schedule",
    "Space",
    "SpaceRoute",
    "Table",
    "Watermark",
    "Worker",
    "metadata",
    "table_of",
]
