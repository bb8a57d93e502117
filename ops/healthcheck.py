"""What Docker asks a web container: whether its process still answers. Without Django, since it starts often."""

import http.client
import os
import sys
from urllib.parse import urlsplit


def main() -> None:
    connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=4)
    # The site answers to the name of its public address alone
    connection.request("GET", "/healthz/live", headers={"Host": urlsplit(os.environ["CHAT_URL"]).netloc})
    status = connection.getresponse().status
    sys.exit(0 if status == http.HTTPStatus.OK else f"/healthz/live answers {status}")


if __name__ == "__main__":
    main()
