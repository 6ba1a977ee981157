#!/usr/bin/env python3
"""Reads a volume, or a snapshot of one, from a directory store into a raw image.

It is written from the pages in docs/ alone (objects.md, store-layout.md, local-log.md, keys.md), and shares nothing with the
programs that write volumes: nobody's data depends on those. It needs Python 3.9 and nothing else; libzstd.so.1 for volumes
that are compressed by Zstandard, and Debian's python3-cryptography for encrypted ones.

  dev/read-volume.py --store DIR --output FILE [--key FILE] [--log FILE] [--no-verify] NAME[@SNAPSHOT]

  --store      the directory of the store
  --output     where to write the image; what is there is overwritten
  --key        the key file of an encrypted volume
  --log        the local log of the host that had the volume open: what it holds and the store does not is read as well
  --no-verify  does not compare checksums of data blocks, which takes most of the time

Exit status: 0 all was read, 1 something is missing or damaged, 2 wrong use.
"""

import argparse
import base64
import ctypes
import os
import struct
import sys

BLOCK = 4096
FRAME = 65536
NONE = (1 << 64) - 1


class Damaged(Exception):
    """Something in the store is missing or damaged. The message names it."""


# --- CRC32C, eight bytes at a time ---------------------------------------------------------------------------------------


def _crc_tables():
    first = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        first.append(value)
    tables = [first]
    for _ in range(7):
        tables.append([first[before & 255] ^ before >> 8 for before in tables[-1]])
    return tables


_T0, _T1, _T2, _T3, _T4, _T5, _T6, _T7 = _crc_tables()


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    whole = len(data) & ~7
    for (word,) in struct.iter_unpack("<Q", data[:whole]):
        word ^= crc
        crc = (
            _T7[word & 255]
            ^ _T6[word >> 8 & 255]
            ^ _T5[word >> 16 & 255]
            ^ _T4[word >> 24 & 255]
            ^ _T3[word >> 32 & 255]
            ^ _T2[word >> 40 & 255]
            ^ _T1[word >> 48 & 255]
            ^ _T0[word >> 56]
        )
    for byte in data[whole:]:
        crc = _T0[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def crc_but(data, hole):
    return crc32c(data[:hole] + bytes(4) + data[hole + 4 :])


# --- codecs ----------------------------------------------------------------------------------------------------------------


def lz4(source, length):
    """One block of LZ4, by its format's description."""
    target = bytearray()
    at = 0
    while True:
        token = source[at]
        at += 1
        count = token >> 4
        if count == 15:
            while True:
                more = source[at]
                at += 1
                count += more
                if more != 255:
                    break
        target += source[at : at + count]
        at += count
        if at >= len(source):
            break
        offset = source[at] | source[at + 1] << 8
        at += 2
        count = (token & 15) + 4
        if count == 19:
            while True:
                more = source[at]
                at += 1
                count += more
                if more != 255:
                    break
        start = len(target) - offset
        if offset == 0 or start < 0:
            raise ValueError("an offset that leads nowhere")
        if offset >= count:
            target += target[start : start + count]
        else:
            piece = bytes(target[start:])
            target += (piece * (count // offset + 1))[:count]
    if len(target) != length:
        raise ValueError("not as long as it should be")
    return bytes(target)


_zstd = None


def zstd(source, length):
    global _zstd
    if _zstd is None:
        try:
            _zstd = ctypes.CDLL("libzstd.so.1")
        except OSError:
            raise SystemExit("read-volume: libzstd.so.1 is not on this host: install it (Debian: libzstd1)")
        _zstd.ZSTD_decompress.restype = ctypes.c_size_t
        _zstd.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    target = ctypes.create_string_buffer(length)
    if _zstd.ZSTD_decompress(target, length, bytes(source), len(source)) != length:
        raise ValueError("no frame of Zstandard")
    return target.raw


# --- encryption (docs/keys.md) -----------------------------------------------------------------------------------------------


def _cryptography():
    try:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    except ImportError:
        raise SystemExit("read-volume: this needs Python's cryptography: install it (Debian: python3-cryptography)")
    return AESGCM, HKDF, hashes, Cipher, algorithms, modes


def derive(key, salt, info, length):
    _, HKDF, hashes, *_ = _cryptography()
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(key)


def unwrap_keys(record, file):
    """The data keys of a key record, by volume."""
    aes_gcm = _cryptography()[0]
    try:
        with open(file, "rb") as source:
            wrapper = base64.b64decode(source.read().strip(), validate=True)
    except (OSError, ValueError) as e:
        raise SystemExit(f"read-volume: {file} is no key file: {e}")
    if len(wrapper) != 32:
        raise SystemExit(f"read-volume: {file} is no key file: it holds {len(wrapper)} bytes and not 32")
    volume = record[16:32]
    at = 40
    names = []
    for _ in range(2):
        (length,) = struct.unpack_from("<H", record, at)
        names.append(record[at + 2 : at + 2 + length].decode())
        at += 2 + length
    (count,) = struct.unpack_from("<H", record, at)
    at += 2
    keys = {}
    for _ in range(count):
        owner = record[at : at + 16]
        (length,) = struct.unpack_from("<H", record, at + 16)
        wrapped = record[at + 18 : at + 18 + length]
        at += 18 + length
        try:
            keys[owner] = aes_gcm(wrapper).decrypt(wrapped[:12], wrapped[12:], b"varve data key" + volume + owner)
        except Exception:
            raise SystemExit(f"read-volume: {file} is not the key: the volume's is {names[0]}:{names[1]}")
    return keys


# --- the store (docs/store-layout.md) ------------------------------------------------------------------------------------------


class Store:
    def __init__(self, directory):
        self.directory = directory

    def get(self, key):
        try:
            with open(os.path.join(self.directory, key), "rb") as file:
                return file.read()
        except FileNotFoundError:
            raise Damaged(f"{key} is missing")

    def open(self, key):
        try:
            return open(os.path.join(self.directory, key), "rb")
        except FileNotFoundError:
            raise Damaged(f"{key} is missing")

    def numbers(self, key):
        """The numbers under a key, ascending; whatever else is there is not Varve's."""
        try:
            names = os.listdir(os.path.join(self.directory, key))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(int(name, 16) for name in names if len(name) == 16 and set(name) <= set("0123456789abcdef"))


def number(value):
    return f"{value:016x}"


def record(store, key, magic):
    data = store.get(key)
    if len(data) < 16 or data[:4] != magic:
        raise Damaged(f"{key} is not what it should be")
    crc, length = struct.unpack_from("<II", data, 8)
    data = data[:length]
    if crc_but(data, 8) != crc:
        raise Damaged(f"{key} is damaged: its checksum does not match")
    return data


def text(data, at):
    (length,) = struct.unpack_from("<H", data, at)
    return data[at + 2 : at + 2 + length].decode(), at + 2 + length


def uuid_text(data):
    high, low = struct.unpack("<QQ", data)
    digits = f"{high:016x}{low:016x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def name_key(name):
    plain = set("abcdefghijklmnopqrstuvwxyz0123456789-_.")
    if 0 < len(name) <= 200 and set(name) <= plain and name[0] not in "-_.":
        return "names/" + name
    digits = base64.b32hexencode(name.encode()).decode().lower().rstrip("=")
    parts = [digits[at : at + 200] for at in range(0, len(digits), 200)]
    return "names/" + "/".join("__" + part for part in parts[:-1]) + ("/" if parts[1:] else "") + "_" + parts[-1]


def find(store, name, seen=()):
    """The uuid of the volume of a name, as 16 bytes, or None."""
    key = name_key(name)
    versions = store.numbers(key)
    if not versions:
        return None
    data = record(store, f"{key}/{number(versions[-1])}", b"VRVN")
    volume = data[16:32]
    claimed = data[32] == 1
    (other_version,) = struct.unpack_from("<Q", data, 33)
    other, _ = text(data, 41)
    if not claimed:
        # A change of the name that was cut short may stand between a claim and this.
        return None
    if other:
        # It counts once the other name was released in favour of this one.
        release = f"{name_key(other)}/{number(other_version + 1)}"
        try:
            released = record(store, release, b"VRVN")
        except Damaged:
            return None
        to, _ = text(released, 41)
        if released[32] != 0 or to != name:
            return None
    return volume


class Epoch:
    """An epoch record."""

    def __init__(self, key, data):
        self.number, high, low, self.first, self.last_record, self.checkpoint = struct.unpack_from("<QQQQQQ", data, 16)
        self.nonce = struct.pack("<QQ", high, low)
        at = 64
        (self.size,) = struct.unpack_from("<Q", data, at)
        at += 8 + 1 + 1 + 24 + 2
        at += 16
        self.opened_by, at = text(data, at)
        self.origin = None
        if data[at] == 1:
            volume = data[at + 1 : at + 17]
            self.origin = (volume, *struct.unpack_from("<QQ", data, at + 17))
            at += 32
        at += 1
        self.claim = data[at : at + 16]
        (features,) = struct.unpack_from("<H", data, at + 16)
        if features:
            raise Damaged(f"{key} needs '{text(data, at + 18)[0]}', which this program does not know")


# --- objects (docs/objects.md) ---------------------------------------------------------------------------------------------


class Object:
    """The header of an object, decrypted, and how to read its payload."""

    def __init__(self, reader, key, volume, epoch, sequence):
        self.key = key
        self.reader = reader
        with reader.store.open(key) as file:
            head = file.read(128)
            if len(head) < 128 or head[:4] != b"VRVO":
                raise Damaged(f"{key} is not a Varve object")
            version, self.type, crc, self.header_length = struct.unpack_from("<HHII", head, 4)
            if version != 4:
                raise Damaged(f"{key} is of object format {version}, which this program does not know")
            header = head + file.read(self.header_length - 128)
        if len(header) != self.header_length or crc_but(header, 8) != crc:
            raise Damaged(f"{key} is damaged: its header's checksum does not match")
        if header[16:32] != volume or struct.unpack_from("<QQ", header, 32) != (epoch, sequence):
            raise Damaged(f"{key} holds another object")
        self.nonce = header[48:64]
        self.length, self.checkpoint, flags, table_length = struct.unpack_from("<QQII", header, 64)
        table = header[128 : 128 + table_length]
        self.cipher = None
        data_key = reader.keys.get(volume)
        if flags & ~1:
            raise Damaged(f"{key} has something that this program does not know")
        if flags & 1:
            if data_key is None:
                raise SystemExit("read-volume: the volume is encrypted: give its key file with --key")
            info = b"varve object" + volume + struct.pack("<QQ", epoch, sequence) + self.nonce + header[104:108]
            self.cipher = _cryptography()[0](derive(data_key, header[88:104], info, 32))
            bound = header[:8] + bytes(4) + header[12:128]
            table = self._decrypt(0xFFFFFFFF, table, bound)
        elif data_key is not None and self.type != 3:
            raise Damaged(f"{key} is not encrypted, although its volume is")
        first, self.last_record, position, log_crc = struct.unpack_from("<QQQI", table, 0)
        self.log_end = (position, self.last_record + 1, log_crc)
        extents, blocks = struct.unpack_from("<II", table, 32)
        (self.payload_length,) = struct.unpack_from("<Q", table, 40)
        (frames,) = struct.unpack_from("<I", table, 48)
        at = 56
        self.extents = [struct.unpack_from("<QII", table, at + i * 16) for i in range(extents)]
        at += extents * 16
        self.block_crcs = struct.unpack_from(f"<{blocks}I", table, at)
        at += blocks * 4
        self.frames = []
        offset = self.header_length
        for i in range(frames):
            kind, crc = struct.unpack_from("<II", table, at + i * 8)
            self.frames.append((offset, kind & 0xFFFFFF, kind >> 24, crc))
            offset += kind & 0xFFFFFF
        if offset != self.length:
            raise Damaged(f"{key} is damaged: its frames do not add up")

    def _decrypt(self, frame, data, bound=None):
        try:
            return self.cipher.decrypt(struct.pack("<IQ", frame, 0), data, bound)
        except Exception:
            raise Damaged(f"{self.key} is damaged: what is encrypted in it is not what was written, or the key is wrong")

    def frame(self, file, index):
        """What one frame holds."""
        offset, stored, codec, crc = self.frames[index]
        length = min(FRAME, self.payload_length - index * FRAME)
        if codec == 255:
            return bytes(length)
        file.seek(offset)
        data = file.read(stored)
        if len(data) != stored:
            raise Damaged(f"{self.key} is damaged: it is too short")
        if self.reader.is_verified and crc32c(data) != crc:
            raise Damaged(f"{self.key} is damaged: the checksum of frame {index} does not match")
        if self.cipher:
            data = self._decrypt(index, data)
        try:
            if codec == 1:
                return lz4(data, length)
            if codec == 2:
                return zstd(data, length)
        except (ValueError, IndexError):
            raise Damaged(f"{self.key} is damaged: frame {index} can't be decompressed")
        if codec != 0 or len(data) != length:
            raise Damaged(f"{self.key} is damaged: frame {index} is stored in a way that this program does not know")
        return data

    def payload(self):
        with self.reader.store.open(self.key) as file:
            return b"".join(self.frame(file, i) for i in range(len(self.frames)))


class Map:
    """Where each block is: a location, sequence << 23 | data block, or, in the log, 1 << 63 | number."""

    PAGE = 4096

    def __init__(self):
        self.pages = {}

    def put(self, block, length, location):
        """Maps a run, or, with a location of None, removes it."""
        while length > 0:
            page, at = divmod(block, self.PAGE)
            count = min(length, self.PAGE - at)
            if location is None and page not in self.pages:
                pass
            elif location is None and count == self.PAGE:
                del self.pages[page]
            else:
                entries = self.pages.setdefault(page, [None] * self.PAGE)
                entries[at : at + count] = (
                    [None] * count if location is None else range(location, location + count)
                )
            block += count
            length -= count
            location = None if location is None else location + count

    def items(self):
        for page in sorted(self.pages):
            for at, location in enumerate(self.pages[page]):
                if location is not None:
                    yield page * self.PAGE + at, location


class Reader:
    """Reads the history of one volume."""

    def __init__(self, store, volume, keys, is_verified):
        self.store = store
        self.volume = volume
        self.keys = keys
        self.is_verified = is_verified
        self.map = Map()
        self.epochs = []
        self.covered = None
        self.root = f"volumes/{uuid_text(volume)}"
        self.records = []
        for value in store.numbers(self.root + "/epochs"):
            key = f"{self.root}/epochs/{number(value)}"
            self.records.append(Epoch(key, record(store, key, b"VRVE")))
        if not self.records:
            raise Damaged(f"{self.root}/epochs has no epoch")

    def object(self, volume, epoch, sequence):
        key = f"volumes/{uuid_text(volume)}/log/{number(epoch)}/{number(sequence)}"
        return Object(self, key, volume, epoch, sequence)

    def size(self):
        versions = self.store.numbers(self.root + "/settings")
        if versions:
            data = record(self.store, f"{self.root}/settings/{number(versions[-1])}", b"VRVS")
            return struct.unpack_from("<Q", data, 16)[0]
        return self.records[-1].size

    def epoch_of(self, sequence):
        """Volume and number of the epoch of an object."""
        for volume, value, first, _ in reversed(self.epochs):
            if first <= sequence:
                return volume, value
        raise Damaged(f"no epoch has sequence {sequence}")

    def checkpoint(self, volume, epoch, sequence):
        """Loads the map of a checkpoint, with all that it builds on."""
        newest = self.object(volume, epoch, sequence)
        content = self.content(newest)
        self.epochs = content["epochs"]
        for base in content["bases"]:
            self.lay(self.content(self.object(*self.epoch_of(base), base)))
        self.lay(content)
        self.covered = newest.log_end
        return newest

    def lay(self, content):
        for first, location in content["extents"]:
            length = first >> 40 or 1 << 24
            self.map.put(first & (1 << 40) - 1, length, None if location == NONE else location)

    def content(self, found):
        if found.type != 2:
            raise Damaged(f"{found.key} should be a checkpoint and is not")
        data = found.payload()
        extents, epochs, bases, objects, snapshot = struct.unpack_from("<QQQQQ", data, 0)
        at = 48
        content = {"epochs": []}
        for _ in range(epochs):
            volume = data[at : at + 16]
            value, first = struct.unpack_from("<QQ", data, at + 16)
            content["epochs"].append((volume, value, first, data[at + 32 : at + 48]))
            at += 48
        content["bases"] = struct.unpack_from(f"<{bases}Q", data, at)
        at += bases * 8 + objects * 32 + (snapshot + 7 & ~7)
        content["extents"] = struct.iter_unpack("<QQ", data[at : at + extents * 16])
        return content

    def sequences(self, epoch):
        return self.store.numbers(f"{self.root}/log/{number(epoch)}")

    def snapshot(self, name):
        for checkpoint in self.store.numbers(self.root + "/pins"):
            directory = f"{self.root}/pins/{number(checkpoint)}"
            versions = self.store.numbers(directory)
            if not versions or os.path.exists(os.path.join(self.store.directory, directory, "removed")):
                continue
            data = record(self.store, f"{directory}/{number(versions[-1])}", b"VRVP")
            found, at = text(data, 16)
            if found == name:
                epoch, size = struct.unpack_from("<QQ", data, at)
                self.checkpoint(self.volume, epoch, checkpoint)
                return size
        return None

    def read(self):
        """Reads all that the store has of the volume as it is now; gives words about what may be missing, or None."""
        newest = self.records[-1]
        present = self.sequences(newest.number)
        checkpoint = newest.checkpoint
        if present and present[-1] >= newest.first:
            end = self.object(self.volume, newest.number, present[-1])
            if end.type == 2:
                checkpoint = present[-1]
            elif end.checkpoint != NONE:
                checkpoint = end.checkpoint if checkpoint == NONE else max(checkpoint, end.checkpoint)
        # What is missing below the newest checkpoint was deleted; behind it, the first gap is the end.
        last = newest.first - 1 if checkpoint == NONE else max(newest.first - 1, checkpoint)
        while last + 1 in present:
            last += 1
        ends = None
        if last in present:
            end = self.object(self.volume, newest.number, last)
            ends = end if end.type == 3 else None
        behind = -1
        if checkpoint != NONE:
            origin = next((one.origin for one in self.records if one.origin), None)
            if origin and checkpoint == origin[2]:
                self.checkpoint(*origin)
                own = self.records
            else:
                of = [one for one in self.records if one.first <= checkpoint][-1]
                self.checkpoint(self.volume, of.number, checkpoint)
                own = [one for one in self.records if one.number > of.number]
            behind = checkpoint
            if not (origin and checkpoint == origin[2]):
                self.behind(of, behind, last if of is newest else None)
        else:
            own = self.records
        for one in own:
            self.epochs.append((self.volume, one.number, one.first, one.nonce))
            self.behind(one, max(behind, one.first - 1), last if one is newest else None)
        if ends is not None and ends.nonce == newest.nonce or newest.number == 0:
            return None
        return (
            f"the volume was not closed by {newest.opened_by}, who opened it last: what that host wrote and had not sent"
            " is in its local log, and can be read with --log"
        )

    def behind(self, epoch, sequence, last):
        """Applies the objects of an epoch behind a sequence, up to its seal."""
        while last is None or sequence < last:
            sequence += 1
            found = self.object(self.volume, epoch.number, sequence)
            if found.type == 3:
                return
            self.covered = found.log_end
            for first, length, data_block in found.extents:
                block = first & (1 << 56) - 1
                self.map.put(block, length, None if first >> 56 == 1 else sequence << 23 | data_block)

    # --- the local log (docs/local-log.md) -----------------------------------------------------------------------------

    def replay(self, file):
        """Applies what a local log holds and no object covers; gives where its blocks are."""
        log = Log(file, self.volume, self.keys.get(self.volume))
        newest = self.records[-1]
        if (newest.number, newest.claim) not in log.claims:
            raise Damaged(f"{file} is not the log of the volume's newest epoch")
        position, sequence, crc = log.tail
        if self.covered and self.covered[0] > position and self.covered[1] >= sequence:
            position, sequence, crc = self.covered
        count = 0
        for extents, data_at in log.records(position, sequence, crc):
            count += 1
            for first, length, data_block in extents:
                kind = first >> 56
                if kind != 2:
                    block = first & (1 << 56) - 1
                    self.map.put(block, length, None if kind == 1 else 1 << 63 | (data_at // BLOCK + data_block))
        return log, count


class Log:
    """A local log. Data blocks are known by the number of their block in the log area, not wrapped."""

    def __init__(self, file, volume, key):
        self.name = file
        self.volume = volume
        try:
            self.file = open(file, "rb")
        except OSError as e:
            raise SystemExit(f"read-volume: {file}: {e.strerror}")
        best = None
        for place in range(2):
            block = self.file.read(BLOCK)
            if len(block) == BLOCK and block[:4] == b"VRVS":
                version, _, crc, length = struct.unpack_from("<HHII", block, 4)
                if version == 3 and length <= BLOCK and crc_but(block[:length], 8) == crc:
                    if best is None or struct.unpack_from("<Q", block, 16) > struct.unpack_from("<Q", best, 16):
                        best = block
        if best is None:
            raise Damaged(f"{file} is no local log, or damaged: neither superblock is valid")
        if best[24:40] != volume:
            raise Damaged(f"{file} is the log of another volume, {uuid_text(best[24:40])}")
        self.area, self.window, self.generation = struct.unpack_from("<QIQ", best, 40)
        self.tail = struct.unpack_from("<QQI", best, 60)
        (count,) = struct.unpack_from("<I", best, 120)
        self.claims = set()
        for i in range(count):
            self.claims.add((struct.unpack_from("<Q", best, 124 + i * 24)[0], best[132 + i * 24 : 148 + i * 24]))
        salt = best[124 + count * 24 : 156 + count * 24]
        self.key = None
        if salt != bytes(32):
            if key is None:
                raise SystemExit("read-volume: the log is encrypted: give the volume's key file with --key")
            self.key = derive(key, salt, b"varve local log" + volume, 64)

    def block(self, index):
        """The block of a number, not wrapped."""
        offset = 2 * BLOCK + index * BLOCK % self.area
        self.file.seek(offset)
        data = self.file.read(BLOCK)
        if self.key:
            _, _, _, cipher, algorithms, modes = _cryptography()
            tweak = (offset // BLOCK).to_bytes(16, "little")
            decryptor = cipher(algorithms.AES(self.key), modes.XTS(tweak)).decryptor()
            data = decryptor.update(data) + decryptor.finalize()
        return data

    def records(self, position, sequence, previous):
        """The records from a position on: their extents, and where their data begins."""
        generation = 0
        while True:
            header = self.block(position // BLOCK)
            if len(header) < BLOCK or header[:4] != b"VRVR":
                return
            version, flags, crc, before = struct.unpack_from("<HHII", header, 4)
            epoch, its_generation, its_sequence, _, its_position = struct.unpack_from("<QQQQQ", header, 32)
            if (
                crc_but(header, 8) != crc
                or version not in (1, 2, 3)
                or header[16:32] != self.volume
                or its_position != position
                or its_sequence != sequence
                or before != previous
                or its_generation < generation
            ):
                return
            extents, blocks = struct.unpack_from("<II", header, 72)
            listed = [struct.unpack_from("<QII", header, 96 + i * 16) for i in range(extents)]
            crcs = struct.unpack_from(f"<{blocks}I", header, 96 + extents * 16)
            for i in range(blocks):
                if crc32c(self.block(position // BLOCK + 1 + i)) != crcs[i]:
                    return
            yield listed, position + BLOCK
            generation = its_generation
            sequence += 1
            previous = crc
            position += BLOCK * (1 + blocks)
            if flags & 1:
                position = (position + self.window - 1) // self.window * self.window


def write(reader, log, output, size):
    """Writes the image: object by object, and frame by frame."""
    blocks = (size + BLOCK - 1) // BLOCK
    wanted = {}
    for block, location in reader.map.items():
        if block < blocks:
            owner = None if location >> 63 else location >> 23
            wanted.setdefault(owner, []).append((location & (1 << 63) - 1 if owner is None else location & 0x7FFFFF, block))
    with open(output, "wb") as image:
        image.truncate(size)

        def put(block, data):
            if any(data):
                image.seek(block * BLOCK)
                image.write(data[: max(0, min(BLOCK, size - block * BLOCK))])

        for index, block in wanted.pop(None, []):
            put(block, log.block(index))
        for sequence in sorted(wanted):
            found = reader.object(*reader.epoch_of(sequence), sequence)
            if found.type != 1:
                raise Damaged(f"{found.key} should hold data and does not")
            number_of, frame = None, b""
            with reader.store.open(found.key) as file:
                for data_block, block in sorted(wanted[sequence]):
                    if data_block >= len(found.block_crcs):
                        raise Damaged(f"{found.key} has no data block {data_block}")
                    if data_block // 16 != number_of:
                        number_of = data_block // 16
                        frame = found.frame(file, number_of)
                    at = data_block % 16 * BLOCK
                    data = frame[at : at + BLOCK]
                    if reader.is_verified and crc32c(data) != found.block_crcs[data_block]:
                        raise Damaged(f"{found.key} is damaged: data block {data_block} does not match its checksum")
                    put(block, data)


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=True)
    parser.add_argument("--store", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--key")
    parser.add_argument("--log")
    parser.add_argument("--no-verify", action="store_true")
    parser.add_argument("volume")
    given = parser.parse_args()
    name, _, snapshot = given.volume.partition("@")
    store = Store(given.store)
    try:
        volume = find(store, name)
        if volume is None:
            print(f"read-volume: there is no volume '{name}' in {given.store}", file=sys.stderr)
            return 2
        keys = {}
        root = f"volumes/{uuid_text(volume)}"
        versions = store.numbers(root + "/keys")
        if versions:
            if not given.key:
                print("read-volume: the volume is encrypted: give its key file with --key", file=sys.stderr)
                return 2
            keys = unwrap_keys(record(store, f"{root}/keys/{number(versions[-1])}", b"VRVK"), given.key)
        reader = Reader(store, volume, keys, not given.no_verify)
        log = None
        if snapshot:
            size = reader.snapshot(snapshot)
            if size is None:
                print(f"read-volume: volume '{name}' has no snapshot '{snapshot}'", file=sys.stderr)
                return 2
        else:
            missing = reader.read()
            size = reader.size()
            if given.log:
                log, count = reader.replay(given.log)
                print(f"read-volume: {count} records of {given.log} are not in the store, and are read from there")
            elif missing:
                print("read-volume: " + missing, file=sys.stderr)
        write(reader, log, given.output, size)
    except Damaged as e:
        print(f"read-volume: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
