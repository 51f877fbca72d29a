"""`/docs` works where there is no internet."""

import re

from calling import Caller


def test_all_that_the_page_loads_is_served_from_here(caller: Caller) -> None:
    page = caller.get("/docs", raw_headers={})
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]+)"|url: \'([^\']+)\'', page.text)
    addresses = {script or spec for script, spec in loaded}
    assert "/openapi.json" in addresses
    assert len(addresses) == 4
    for address in addresses:
        assert address.startswith("/"), address
        assert caller.get(address, raw_headers={}).status_code == 200, address


def test_the_page_can_show_the_version_of_openapi_that_is_served(caller: Caller) -> None:
    """Swagger UI shows OpenAPI 3.1 from its fifth version on."""
    assert caller.get("/openapi.json").json()["openapi"].startswith("3.1")
    script = caller.get("/docs-assets/swagger-ui-bundle.js", raw_headers={}).text
    assert re.search(r'"5\.\d+\.\d+"', script)
