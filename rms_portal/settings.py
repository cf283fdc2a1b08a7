"""Settings of the installation; docs/settings.md says what each variable of the environment does."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from rms_portal import environment, refusals

BASE_DIR = environment.BASE_DIR
env = environment.read(BASE_DIR)

# --- The installation ------------------------------------------------------------------------------

VAR_DIR = environment.var_dir(env, BASE_DIR)
DEBUG: bool = env.bool("DEBUG", default=False)
PORT: int = env.int("PORT", default=8000)
LISTEN: str = env.str("LISTEN", default="127.0.0.1")
WEB_PROCESSES: int = env.int("WEB_PROCESSES", default=2)
WEB_THREADS: int = env.int("WEB_THREADS", default=8)
PUBLIC_URL: str = env.str("PUBLIC_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
ALLOWED_HOSTS: list[str] = [
    *env.list("ALLOWED_HOSTS", default=[urlsplit(PUBLIC_URL).hostname or ""]),
    # Health checks ask on the machine itself. Links in mail follow from PUBLIC_URL, never from a request.
    *("127.0.0.1", "localhost", "[::1]"),
]
TRUSTED_PROXIES: list[str] = env.list("TRUSTED_PROXIES", default=[])
SECRET_KEY = environment.secret_key(env, VAR_DIR)
SECRET_KEY_IS_KEPT_HERE = environment.keeps_secret_key(env)
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
# What lies encrypted or sealed for years follows from it; without one, from SECRET_KEY.
MASTER_KEY: str = env.str("MASTER_KEY", default="")
PRODUCT_NAME: str = env.str("PRODUCT_NAME", default="Information Protection")
SUPPORT_EMAIL: str = env.str("SUPPORT_EMAIL", default="")
OPERATOR_EMAIL: str = env.str("OPERATOR_EMAIL", default="operator@rms.internal")
METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="")
LOG_FORMAT: str = env.str("LOG_FORMAT", default="line").lower()
RETURN_URL_HOSTS: list[str] = env.list("RETURN_URL_HOSTS", default=[])
# How long and for how many people an administrator tries a plan without anybody's consent; 0 days: not at all.
TRIAL_DAYS: int = env.int("TRIAL_DAYS", default=30)
TRIAL_UNITS: int = env.int("TRIAL_UNITS", default=100)
MAILBOX_PROOF_DAYS: int = env.int("MAILBOX_PROOF_DAYS", default=90)
TAKEOVER_LIMITED_HOURS: int = env.int("TAKEOVER_LIMITED_HOURS", default=72)
_dns_resolvers: list[str] = [text.strip() for text in env.list("DNS_RESOLVERS", default=[])]
# Host and port of the resolvers where the proof of a domain is asked. None: the domain's own name servers.
DNS_RESOLVERS = [server for text in _dns_resolvers if (server := environment.dns_server(text))]
# Networks beyond the internet that webhooks may go to. Plain http is for this machine alone, where it is in them.
_webhook_networks: list[str] = [text.strip() for text in env.list("WEBHOOK_NETWORKS", default=[])]
WEBHOOK_NETWORKS = environment.networks(_webhook_networks)

# --- Mail ------------------------------------------------------------------------------------------

_email_url: str = env.str("EMAIL_URL", default="")
ANYMAIL_ESP: str = env.str("ANYMAIL_ESP", default="")
_webhook_secrets: list[str] = env.list("ANYMAIL_WEBHOOK_SECRET", default=[])
# Whose reports about mail are taken at /anymail/; empty: nobody's.
MAIL_REPORTS_FROM = ANYMAIL_ESP if _webhook_secrets else ""
MAIL_IS_SENT = bool(_email_url or ANYMAIL_ESP)
_mail_from: str = env.str("MAIL_FROM", default="")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _mail_from or "no-reply@localhost"
EMAIL_TIMEOUT = 30
if ANYMAIL_ESP:
    EMAIL_BACKEND = f"anymail.backends.{ANYMAIL_ESP}.EmailBackend"
    ANYMAIL: dict[str, Any] = {
        name.removeprefix("ANYMAIL_"): value
        for name, value in env.ENVIRON.items()
        if name.startswith("ANYMAIL_") and name != "ANYMAIL_ESP"
    }
    # Who tells which mail a report speaks of is the service; where it cannot, its id of the mail has to do.
    ANYMAIL.setdefault("IGNORE_UNSUPPORTED_FEATURES", True)
    if _webhook_secrets:
        ANYMAIL["WEBHOOK_SECRET"] = _webhook_secrets
elif _email_url:
    _mail_server = env.email_url_config(_email_url)
    if _mail_server["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend":
        _mail_server["EMAIL_BACKEND"] = "outbox.backends.SmtpBackend"
    vars().update(_mail_server)
else:
    EMAIL_BACKEND = "outbox.backends.MaildirBackend"
DEV_MAIL_DIR = VAR_DIR / "mail"

refusals.require(
    refusals.of_settings(
        debug=DEBUG,
        secret_key=SECRET_KEY,
        master_key=MASTER_KEY,
        allowed_hosts=ALLOWED_HOSTS,
        public_url=PUBLIC_URL,
        listen=LISTEN,
        mail_is_sent=MAIL_IS_SENT,
        mail_from=_mail_from,
        mail_service=ANYMAIL_ESP,
        webhook_secrets=_webhook_secrets,
        trusted_proxies=TRUSTED_PROXIES,
        log_format=LOG_FORMAT,
        mailbox_proof_days=MAILBOX_PROOF_DAYS,
        metrics_token=METRICS_TOKEN,
        dns_resolvers=_dns_resolvers,
        webhook_networks=_webhook_networks,
    )
)

# --- Applications ----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "rms_portal.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "audit",
    "idempotency",
    "limits",
    "outbox",
    "tenants",
    "subscriptions",
    "accounts",
    "signup",
    "feed",
    "rms_portal.apps.PortalConfig",
]

MIDDLEWARE = [
    "rms_portal.middleware.ClientAddressMiddleware",
    "rms_portal.middleware.RequestLogMiddleware",
    "rms_portal.middleware.SessionKeyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # Before whitenoise: its answers go no further in, and drawings can hold scripts.
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.SessionLimitsMiddleware",
    "accounts.middleware.NewPasswordMiddleware",
    "accounts.middleware.FreshFactorMiddleware",
]

ROOT_URLCONF = "rms_portal.urls"
WSGI_APPLICATION = "rms_portal.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "rms_portal.context_processors.installation",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- State: database, tasks -----------------------------------------------------------------

if env.str("DATABASE_URL", default=""):
    DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url("DATABASE_URL")}
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VAR_DIR / "db.sqlite3",
            # Writers queue for the lock instead of failing when two transactions meet.
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                # What is deleted is overwritten, whatever SQLite was built for.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
            },
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = env.str("REDIS_URL", default="")

# A request that announces mail waits only for a moment for a broker that is away, and tries once.
REDIS_BROKER_OPTIONS: dict[str, Any] = {
    "socket_connect_timeout": 1,
    "socket_timeout": 3,
    "max_retries": 0,
    "interval_start": 0,
}
CELERY_BROKER_URL: str = env.str(
    "CELERY_BROKER_URL", default=REDIS_URL or "filesystem://localhost//"
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# However long the broker is away, worker and scheduler find it again by themselves.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# One worker for everything has some more, so that mail goes out while something takes long.
CELERY_WORKER_CONCURRENCY: int = env.int("WORKER_PROCESSES", default=2 if REDIS_URL else 4)
# Mail has a queue of its own, so that no import, takeover or silent webhook makes it wait. A worker that is told
# nothing else serves both.
CELERY_TASK_QUEUES = [Queue("celery"), Queue("mail")]
CELERY_TASK_ROUTES = {"outbox.tasks.*": {"queue": "mail"}}
CELERY_TIMEZONE = "UTC"
# Celery would close the database's connection before and after every task. Instead tasks keep it as requests
# do, for CONN_MAX_AGE; rms_portal/celery.py asks it before each.
CELERY_DB_REUSE_MAX = sys.maxsize
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
# Saved after every task, so that the age of the file tells whether the scheduler works.
CELERY_BEAT_SYNC_EVERY = 1
if CELERY_BROKER_URL.startswith("filesystem:"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": VAR_DIR / "broker" / "queue",
        "data_folder_out": VAR_DIR / "broker" / "queue",
        "processed_folder": VAR_DIR / "broker" / "processed",
        "control_folder": VAR_DIR / "broker" / "control",
        "store_processed": False,
    }
elif CELERY_BROKER_URL.startswith(("redis:", "rediss:")):
    CELERY_BROKER_TRANSPORT_OPTIONS = REDIS_BROKER_OPTIONS

# --- Signing in ------------------------------------------------------------------------------------

AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.AddressBackend"]
PASSWORD_HASHERS = ["accounts.hashers.Argon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.passwords.LengthValidator"},
    {"NAME": "accounts.passwords.BreachedPasswordValidator"},
    {"NAME": "accounts.passwords.OwnWordsValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "welcome"
LOGOUT_REDIRECT_URL = "home"
PASSWORD_RESET_TIMEOUT = 60 * 60
# allauth's writes a row of its own when a link is opened.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "accounts.reset_tokens.ResetTokens"  # noqa: S105

# How long a session may be idle, and how long it may last at all: of members; of operators and administrators.
SESSION_IDLE = dt.timedelta(days=env.int("SESSION_IDLE_DAYS", default=7))
SESSION_LONGEST = dt.timedelta(days=env.int("SESSION_DAYS", default=30))
STAFF_SESSION_IDLE = dt.timedelta(minutes=env.int("STAFF_SESSION_IDLE_MINUTES", default=30))
STAFF_SESSION_LONGEST = dt.timedelta(hours=env.int("STAFF_SESSION_HOURS", default=12))

ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "set_password": "accounts.forms.SetPasswordForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
    "user_token": "accounts.forms.UserTokenForm",
}
# Ours are in accounts/throttle.py: exact, never a wall, and none fails when the cache is away.
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False
MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "accounts.code_forms.AuthenticateForm",
    "reauthenticate": "accounts.code_forms.ReauthenticateForm",
    "add_webauthn": "accounts.passkeys.AddForm",
    "authenticate_webauthn": "accounts.passkeys.AuthenticateForm",
    "login_webauthn": "accounts.passkeys.LoginForm",
    "reauthenticate_webauthn": "accounts.passkeys.ReauthenticateForm",
}
# Addresses are ours, not allauth's; it knows none, let alone a verified one.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# Codes of the step before and after are good too: people type slowly, clocks drift (RFC 6238, 5.2).
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = environment.is_loopback(urlsplit(PUBLIC_URL).hostname or "")
USERSESSIONS_TRACK_ACTIVITY = True

# --- The browser -----------------------------------------------------------------------------------

_is_https = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _is_https
SESSION_COOKIE_NAME = "__Host-session" if _is_https else "session"
ASKING_COOKIE_NAME = "__Host-asked" if _is_https else "asked"
KNOWN_BROWSER_COOKIE_NAME = "__Host-known" if _is_https else "known"
CSRF_COOKIE_NAME = "__Host-csrf" if _is_https else "csrf"
MESSAGES_COOKIE_NAME = "__Host-messages" if _is_https else "messages"
MESSAGE_STORAGE = "rms_portal.messages.MessageStorage"
SESSION_ENGINE = "accounts.session_store"
# Of visitors who are not signed in; accounts/sessions.py says how long a signed-in one keeps the cookie.
SESSION_COOKIE_AGE = int(SESSION_IDLE.total_seconds())
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if _is_https else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "media-src": [SELF],
        "object-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
    }
}

STATIC_URL = "static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(VAR_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
# No other site reads ours.
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Words -----------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["rms_portal.formats"]
LANGUAGE_COOKIE_NAME = "__Host-language" if _is_https else "language"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = _is_https
USE_TZ = True
TIME_ZONE = "UTC"

# --- Log: one line per event on standard error, without secrets --------------------------------------

_level = env.str("LOG_LEVEL", default="INFO").upper()
# Celery's own lines about tasks at work: ours say the same, with the request's id (task_logs.py).
_quieter = "DEBUG" if _level == "DEBUG" else "WARNING"
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "rms_portal.logs.RedactFilter"}},
    "formatters": {
        "line": {"()": "rms_portal.logs.LineFormatter"},
        "json": {"()": "rms_portal.logs.JsonFormatter"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["redact"]}
    },
    "root": {"handlers": ["stderr"], "level": _level},
    "loggers": {
        # Their own handlers would bypass the redaction.
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        "celery": {"handlers": [], "propagate": True},
        "celery.worker.strategy": {"level": _quieter},
        "celery.app.trace": {"level": _quieter},
    },
}

SILENCED_SYSTEM_CHECKS = [
    # Other names of the operator's domain are not ours to promise https for, nor to put on a list.
    "security.W005",
    "security.W021",
    # The proxy that ends TLS redirects; inside, health checks come over plain http.
    "security.W008",
]
