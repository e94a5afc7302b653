"""What `hotline channel check` says, step by step, and the steps that every channel has."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

PROBE_SECONDS = 10


@dataclass(frozen=True)
class Finding:
    """One step. `is_right` None: nothing to judge, only to know. `remedy`: what to do when it is wrong."""

    is_right: bool | None
    words: str
    remedy: str = ""

    def __str__(self) -> str:
        mark = "–" if self.is_right is None else "✓" if self.is_right else "✗"
        return f"{mark} {self.words}" + (f"\n    → {self.remedy}" if self.remedy else "")


def right(words: str) -> Finding:
    return Finding(True, words)


def wrong(words: str, remedy: str) -> Finding:
    return Finding(False, words, remedy)


def note(words: str) -> Finding:
    return Finding(None, words)


def check_public_url(url: str | None, ports: Collection[int] = ()) -> Finding:
    """Providers call https at a real domain; other ports than 443 only where the provider takes them (`ports`)."""
    remedy = "Đặt HOTLINE_PUBLIC_URL=https://tên-miền, có máy chủ TLS đứng trước (docs/operate.md)."
    if url is None:
        return wrong("Chưa có địa chỉ công khai.", remedy)
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if parts.scheme != "https":
        return wrong(f"Địa chỉ công khai {url} không phải https.", remedy)
    if "." not in host or _is_ip(host):
        return wrong(f"Địa chỉ công khai {url} không dùng tên miền thật.", remedy)
    if port is not None and port not in ports:
        return wrong(f"Địa chỉ công khai {url} có cổng {port}, nhà cung cấp không nhận.", remedy)
    return right(f"Địa chỉ công khai: {url}")


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def check_webhook(http: aiohttp.ClientSession, url: str, awaits_secret: bool = False) -> Finding:
    """Call our own webhook as a stranger would: it must be there, and must not believe us.

    `awaits_secret`: it believes nobody yet, and says 200 to whatever comes.
    """
    try:
        async with http.post(url, data=b"{}", timeout=_LIMIT, allow_redirects=False) as answer:
            status = answer.status
    except (aiohttp.ClientError, OSError, TimeoutError):
        return wrong(f"Không gọi được {url} từ máy này.", "Xem hotline và máy chủ TLS có đang chạy, DNS đã trỏ đúng.")
    if status == 401 and not awaits_secret:
        return right(f"{url} trả lời và từ chối lời gọi không có chữ ký.")
    if status == 200 and awaits_secret:
        return note(f"{url} trả lời 200 và bỏ qua nội dung, vì chưa có khóa ký.")
    if status == 404:
        return wrong(
            f"{url} trả lời 404: hotline đang chạy chưa bật kênh này.", "Đặt đủ cấu hình rồi chạy lại hotline."
        )
    return wrong(f"{url} trả lời {status}, đúng ra phải từ chối bằng 401.", "Chạy lại hotline sau khi đổi cấu hình.")


async def check_contains(http: aiohttp.ClientSession, url: str, words: str, remedy: str) -> Finding:
    """The page at `url` has `words` in it."""
    try:
        async with http.get(url, timeout=_LIMIT, allow_redirects=False) as answer:
            found = answer.status == 200 and words in (await answer.content.read(1 << 20)).decode(errors="replace")
    except (aiohttp.ClientError, OSError, TimeoutError):
        found = False
    return right(f"{url} mở được.") if found else wrong(f"{url} không có nội dung cần thiết.", remedy)


_LIMIT = aiohttp.ClientTimeout(total=PROBE_SECONDS)
