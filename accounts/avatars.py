"""Makes a small square picture out of whatever somebody uploads."""

import secrets
from io import BytesIO
from typing import Any, BinaryIO, cast

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

SIDE = 256
MOST_BYTES = 5 * 1024 * 1024
# Decoded, a picture takes four bytes a pixel. A JPEG is first scaled down while it is read.
MOST_PIXELS = 24_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


def square_picture(upload: "UploadedFile[Any]") -> "ContentFile[bytes]":
    """The middle of the picture, 256 pixels square, as a WebP under a new name.

    Nothing of the file itself is kept: no name, no metadata (where the photograph was taken), and
    no second format that a browser might find in it. Raises ValidationError.
    """
    if upload.size is not None and upload.size > MOST_BYTES:
        raise ValidationError(_("This picture is over 5 MB. Choose a smaller one."), code="too_large")
    square = decoded(cast(BinaryIO, upload.file))
    content = BytesIO()
    square.save(content, "WEBP", quality=85, method=4)
    return ContentFile(content.getvalue(), name=f"{secrets.token_urlsafe(16)}.webp")


def decoded(file: BinaryIO) -> Image.Image:
    try:
        with Image.open(file, formats=FORMATS) as picture:
            picture.draft("RGB", (SIDE * 2, SIDE * 2))
            if picture.width * picture.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
            return ImageOps.fit(upright, (SIDE, SIDE), Image.Resampling.LANCZOS)
    except Image.DecompressionBombError as error:
        raise ValidationError(
            _("This picture has too many pixels. Choose a smaller one."), code="too_many_pixels"
        ) from error
    except Exception as error:  # a broken or hostile file can make a decoder raise anything
        raise ValidationError(
            _("This is not a picture that we can read. Choose a JPEG, PNG, WebP or GIF."), code="not_a_picture"
        ) from error
