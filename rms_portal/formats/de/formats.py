"""German dates as Django writes them, with the comma that English has: 23. November 2026, 14:05."""

DATETIME_FORMAT = "j. F Y, H:i"
