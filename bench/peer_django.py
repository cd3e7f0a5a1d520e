"""The peer of bench/admission.py: Django REST framework, djangorestframework-api-key, its throttle on Redis."""

import os
from pathlib import Path

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application

RATES = {"minute": "1000000/minute", "burst": "1000000/second", "day": "100000000/day"}

settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="bench.peer_django",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "rest_framework_api_key"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(Path(os.environ["BENCH_DJANGO_DIR"]) / "django.sqlite"),
            "CONN_MAX_AGE": None,
        }
    },
    CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": os.environ["BENCH_DJANGO_REDIS"]}},
    REST_FRAMEWORK={"UNAUTHENTICATED_USER": None, "DEFAULT_AUTHENTICATION_CLASSES": []},
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],  # sets Content-Length, as every Django does
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
)
django.setup()

from django.urls import path  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.throttling import SimpleRateThrottle  # noqa: E402
from rest_framework.views import APIView  # noqa: E402
from rest_framework_api_key.permissions import HasAPIKey  # noqa: E402

BODY = {"data": {"tenant_id": "0", "name": "bench", "scopes": [], "sport_allowlist": [], "rate_limit_rpm": 1}}


def throttle(name: str) -> type[SimpleRateThrottle]:
    """A throttle per key over one window."""

    class Window(SimpleRateThrottle):
        rate = RATES[name]

        def get_cache_key(self, request, view):
            return f"{name}:{request.META['HTTP_AUTHORIZATION'][8:16]}"

    return Window


class Open(APIView):
    def get(self, request):
        return Response(BODY)


class Guarded(APIView):
    permission_classes = [HasAPIKey]
    throttle_classes = [throttle(name) for name in RATES]

    def get(self, request):
        return Response(BODY)


urlpatterns = [path("open", Open.as_view()), path("guarded", Guarded.as_view())]
app = get_wsgi_application()


def make_key() -> str:
    """Create the tables and one key; the key."""
    from django.core.management import call_command
    from rest_framework_api_key.models import APIKey

    call_command("migrate", verbosity=0)
    return APIKey.objects.create_key(name="bench")[1]
