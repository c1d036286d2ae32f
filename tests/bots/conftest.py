"""Lets pytest explain the contract's asserts, which stand outside of the tests."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("core.testing.contract", "core.testing.sharing")
