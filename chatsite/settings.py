"""The settings of the site; those that an operator decides come from the environment."""

from pathlib import Path
from typing import Any

from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from chatsite import environment
from chatsite.environment import env
from chatsite.redis_hosts import RedisHost, redis_host

BASE_DIR = Path(__file__).resolve().parent.parent
CHAT_DATA_DIR = (BASE_DIR / env.str("CHAT_DATA_DIR", ".data")).resolve()

# The public address decides hosts, origins, cookies and HSTS
CHAT_URL, CHAT_HOST, SECURE = environment.public_address()
SECRET_KEY = environment.secret_key(CHAT_DATA_DIR)
DEBUG = False
ALLOWED_HOSTS = [CHAT_HOST]
CSRF_TRUSTED_ORIGINS = [CHAT_URL]
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME = "plaza_session"
CSRF_COOKIE_NAME = "plaza_csrf"
SECURE_SSL_REDIRECT = False  # HAProxy redirects; behind it every request is plain http
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# SECURE_SSL_REDIRECT: see above. Mails on the console: an address is optional, and the admin warns.
SILENCED_SYSTEM_CHECKS = ["security.W008", "mail.E001"]
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic",
    "django.contrib.staticfiles",
    "channels",
    "allauth",
    "allauth.account",
    "allauth.usersessions",
    "ninja",
    "accounts",
    "rooms",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "accounts.proxy.TrustedProxyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "accounts.setup.SetupMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.language.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]
ROOT_URLCONF = "chatsite.urls"
ASGI_APPLICATION = "chatsite.asgi.application"
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
                "rooms.context.site",
            ]
        },
    }
]

# Data: PostgreSQL in production, SQLite for one machine. Every wait for the database ends within
# 2.5 s, so that the live door can say `unavailable` within the protocol's 3 s.
DATABASE_WAIT_SECONDS = 2.5
CHAT_DB_THREADS = environment.whole("CHAT_DB_THREADS", 4, least=1, most=64)
DATABASE_URL = environment.database_address(f"sqlite:///{CHAT_DATA_DIR}/plaza.sqlite3")


# Compiling a query, or starting processes to share it, takes longer than any of ours: a second where it took 5 ms.
# And what they look up is in memory, not on a disk that turns: else a table is read as a whole for sixty of its rows.
SHORT_QUERIES = "-c jit=off -c max_parallel_workers_per_gather=0 -c random_page_cost=1.1"


def database(url: str) -> dict[str, Any]:
    """Django's settings for a database, with our limits on waiting."""
    config: dict[str, Any] = dict(env.db_url_config(url))
    milliseconds = int(DATABASE_WAIT_SECONDS * 1000)
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {
            "timeout": DATABASE_WAIT_SECONDS,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
        config["TEST"] = {"NAME": str(CHAT_DATA_DIR / "test.sqlite3")}
        return config
    options = config.setdefault("OPTIONS", {})
    if socket := options.pop("host", None):
        config["HOST"] = socket
    options |= {
        "pool": {
            "min_size": 1,
            "max_size": CHAT_DB_THREADS + 12,
            "timeout": DATABASE_WAIT_SECONDS,
            "max_lifetime": 3600,
        },
        "options": f"-c lock_timeout={milliseconds}ms -c idle_in_transaction_session_timeout=60s {SHORT_QUERIES}",
        "connect_timeout": 2,
        "tcp_user_timeout": milliseconds,
    }
    config["CONN_HEALTH_CHECKS"] = True
    return config


DATABASES = {"default": database(DATABASE_URL)}
if DATABASE_REPLICA_URL := environment.replica_address():
    DATABASES["replica"] = database(DATABASE_REPLICA_URL)
    # One that is away must not make anybody wait: the primary answers instead. (The check has no limit of its own.)
    DATABASES["replica"]["OPTIONS"]["pool"]["timeout"] = 0.5
    DATABASES["replica"]["CONN_HEALTH_CHECKS"] = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Sessions and rate limits live in the database: losing Redis signs nobody out
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 90
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "chat_cache",
        # Over the default of 300 entries, others' rate limits could be crowded out
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    },
    # What is the same on everybody's page, for as long as the process lives
    "template_fragments": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "TIMEOUT": None},
}

# A layer for each Redis server; `rooms.events.layer_of` says which carries what
REDIS_HOSTS = [redis_host(address) for address in environment.redis_addresses()]


def channel_layer(host: RedisHost) -> dict[str, Any]:
    # Of Redis' protocol 3, redis-py writes every message out for a log that nobody keeps
    return {"BACKEND": "rooms.live.redis_layer.RedisLayer", "CONFIG": {"hosts": [host | {"protocol": 2}]}}


CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    f"redis{number}" if number > 1 else "default": channel_layer(host) for number, host in enumerate(REDIS_HOSTS, 1)
} or {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 10_000}}}
CHAT_WORKER = environment.choice("CHAT_WORKER", "process" if REDIS_HOSTS else "thread", ("thread", "process"))

# Limits of the live door
CHAT_SEND_BURST = environment.whole("CHAT_SEND_BURST", 10, least=1, most=100_000)
CHAT_SEND_PER_SECOND = environment.positive("CHAT_SEND_PER_SECOND", 5, most=100_000)
CHAT_MAX_CONNECTIONS_PER_USER = environment.whole("CHAT_MAX_CONNECTIONS_PER_USER", 20, least=1, most=100_000)
CHAT_DRAIN_SECONDS = environment.positive("CHAT_DRAIN_SECONDS", 10, most=3600)
CHAT_CHECK_SECONDS = environment.whole("CHAT_CHECK_SECONDS", 1, least=1, most=60)  # HAProxy knows no half
CHAT_REMOVED_KEEP_DAYS = environment.whole("CHAT_REMOVED_KEEP_DAYS", 30, least=0, most=36_500)
CHAT_TRUSTED_PROXY = environment.trusted_proxies()

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backend.AccountBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE else "http"
ACCOUNT_CHANGE_EMAIL = True  # one address, replaced once the new one is verified
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # else anybody could make us write to anybody
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # an open session alone must not take over an account
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "login": "accounts.forms.SignInForm",
    "reset_password": "accounts.forms.ForgottenPasswordForm",
    "reset_password_from_key": "accounts.forms.NewPasswordForm",
    "change_password": "accounts.forms.OtherPasswordForm",
    "set_password": "accounts.forms.FirstPasswordForm",
    "add_email": "accounts.forms.AddressForm",
    "reauthenticate": "accounts.forms.ItIsMeForm",
}
USERSESSIONS_ADAPTER = "accounts.adapter.UserSessionsAdapter"
USERSESSIONS_TRACK_ACTIVITY = False

EMAIL_URL = environment.mail_address()
MAILERS = {"default": environment.mailer(EMAIL_URL)}
DEFAULT_FROM_EMAIL = environment.sender(f"plaza@{CHAT_HOST}")

# Languages
LANGUAGE_CODE = environment.choice("CHAT_LANGUAGE", "en", environment.LANGUAGES)
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

# Files
STATIC_URL = "/static/"
STATIC_ROOT = CHAT_DATA_DIR / "static"
MEDIA_URL = "/uploads/"
MEDIA_ROOT = CHAT_DATA_DIR / "uploads"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "chatsite.storage.StaticStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": environment.choice("CHAT_LOG_LEVEL", "INFO", environment.LOG_LEVELS)},
    "loggers": {
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "daphne": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}
