"""The portal's own gunicorn settings, without the look at its keys: the bare view has none of its tables."""

from __future__ import annotations

import runpy
from pathlib import Path

_settings = runpy.run_path(str(Path(__file__).parent.parent / "gunicorn.conf.py"))
vars().update({name: _settings[name] for name in _settings if name != "post_worker_init"})
