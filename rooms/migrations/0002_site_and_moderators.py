"""Make the site's one row and the Moderators group."""

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

LOOKED_AT = ("room", "membership", "message", "reaction", "ban", "report", "moderationentry")


def begin(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("rooms", "Site").objects.get_or_create(id=1)
    for label in ("rooms", "accounts"):
        config = apps.get_app_config(label)
        config.models_module = True  # type: ignore[assignment]  # else create_permissions passes it over
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(
        codename__in=[f"view_{noun}" for noun in (*LOOKED_AT, "invitation", "user")],
        content_type__app_label__in=("rooms", "accounts"),
    )
    group, _created = apps.get_model("auth", "Group").objects.get_or_create(name="Moderators")
    group.permissions.add(*permissions)


class Migration(migrations.Migration):
    dependencies = [
        ("rooms", "0001_initial"),
        ("accounts", "0002_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
