"""Every table of the database: importing this module makes `metadata` complete (migrations, backups, tests)."""

from __future__ import annotations

from store import (
    api_tables,
    campaign_tables,
    channel_tables,
    console_tables,
    difficulty_tables,
    forgotten_tables,
    key_tables,
    kpi_tables,
    mail_tables,
    privacy_tables,
    quality_tables,
    registry_tables,
    sms_tables,
    survey_tables,
    vendor_tables,
)
from store.tables import metadata

__all__ = [
    "api_tables",
    "campaign_tables",
    "channel_tables",
    "console_tables",
    "difficulty_tables",
    "forgotten_tables",
    "key_tables",
    "kpi_tables",
    "mail_tables",
    "metadata",
    "privacy_tables",
    "quality_tables",
    "registry_tables",
    "sms_tables",
    "survey_tables",
    "vendor_tables",
]
