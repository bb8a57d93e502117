"""Static files under names that change with their content, JavaScript modules included."""

from servestatic.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Rewrites what modules import, too: a cached module then never meets a newer one."""

    support_js_module_import_aggregation = True
