package io.varve.s3;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * A request or answer of HTTP/1.1, as its bytes.
 *
 * @param head  first line, headers and the empty line.
 * @param body  as sent, chunks and their lengths included.
 */
record HttpMessage(byte[] head, byte[] body) {
    private static final int MAX_HEAD_LENGTH = 64 << 10;

    /** Reads a head; null when the other side has ended the connection. */
    static byte[] readHead(final InputStream in) throws IOException {
        final ByteArrayOutputStream head = new ByteArrayOutputStream();
        int newlines = 0;
        while (newlines < 2) {
            final int b = in.read();
            if (b < 0) {
                if (head.size() == 0) {
                    return null;
                }
                throw new EOFException();
            }
            head.write(b);
            if (b == '\n') {
                newlines++;
            } else if (b != '\r') {
                newlines = 0;
            }
            if (head.size() > MAX_HEAD_LENGTH) {
                throw new IOException("a head of more than " + MAX_HEAD_LENGTH + " bytes");
            }
        }
        return head.toByteArray();
    }

    /** Reads the body that follows a head, if one does. */
    static byte[] readBody(final byte[] head, final InputStream in) throws IOException {
        if ("chunked".equalsIgnoreCase(header(head, "transfer-encoding"))) {
            return readChunks(in);
        }
        final String length = header(head, "content-length");
        return length == null ? new byte[0] : readExactly(in, Integer.parseInt(length));
    }

    /** A header's value; null when there is none. */
    static String header(final byte[] head, final String name) {
        for (final String line : text(head).split("\r\n")) {
            if (line.toLowerCase(Locale.ROOT).startsWith(name + ":")) {
                return line.substring(name.length() + 1).strip();
            }
        }
        return null;
    }

    /** A head as text. */
    static String text(final byte[] head) {
        return new String(head, StandardCharsets.ISO_8859_1);
    }

    private static byte[] readChunks(final InputStream in) throws IOException {
        final ByteArrayOutputStream body = new ByteArrayOutputStream();
        int length;
        do {
            final StringBuilder line = new StringBuilder();
            for (int b = in.read(); b != '\n'; b = in.read()) {
                if (b < 0) {
                    throw new EOFException();
                }
                body.write(b);
                line.append((char) b);
            }
            body.write('\n');
            length = Integer.parseInt(line.toString().strip(), 16);
            body.write(readExactly(in, length + 2));
        } while (length > 0);
        return body.toByteArray();
    }

    private static byte[] readExactly(final InputStream in, final int length) throws IOException {
        final byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException();
        }
        return bytes;
    }
}
