"""A Slack workspace on loopback for the unchanged slack_bolt and slack_sdk."""

from sandbox.slack.platform import SlackSandbox

__all__ = ["SlackSandbox"]
