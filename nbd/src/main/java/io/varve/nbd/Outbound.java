package io.varve.nbd;

import io.varve.linux.ErrnoException;
import io.varve.linux.Mapping;
import io.varve.linux.SendList;
import io.varve.linux.UnixSocket;

/** What is to be sent to a client: words of the handshake, then replies in the order in which they were ready, many by one call. */
final class Outbound implements AutoCloseable {
    /** Most bytes of answers in the handshake that wait to be sent: an option is not read before the answer to the last one has gone. */
    static final int WORDS_LENGTH = 32 << 10;

    /** Most calls in a turn, for one client. */
    private static final int MAX_CALLS = 4;

    /** Is told when a reply has been sent. */
    interface Listener {
        void onSent(Slot slot);
    }

    private final Mapping words;
    private int wordsBegin;
    private int wordsEnd;
    private Slot first;
    private Slot last;
    private long firstSent;

    Outbound() throws ErrnoException {
        words = Mapping.anonymous(WORDS_LENGTH);
    }

    boolean isEmpty() {
        return first == null && wordsBegin == wordsEnd;
    }

    /** Makes room for so many bytes of the handshake, and answers where. */
    long words(final int length) {
        if (wordsBegin == wordsEnd) {
            wordsBegin = 0;
            wordsEnd = 0;
        }
        if (length > WORDS_LENGTH - wordsEnd) {
            throw new IllegalStateException("no room for " + length + " bytes");
        }
        final long address = words.address() + wordsEnd;
        wordsEnd += length;
        return address;
    }

    void add(final Slot slot) {
        slot.next = null;
        if (first == null) {
            first = slot;
        } else {
            last.next = slot;
        }
        last = slot;
    }

    /**
     * Sends.
     *
     * @return bytes sent, above 0; or {@link UnixSocket#WOULD_BLOCK}: the client does not read.
     */
    long send(final Transport transport, final SendList list, final Listener listener) throws ErrnoException {
        long total = 0;
        for (int i = 0; i < MAX_CALLS && !isEmpty(); i++) {
            list.clear();
            list.add(words.address() + wordsBegin, wordsEnd - wordsBegin);
            long skipped = firstSent;
            for (Slot slot = first; slot != null && list.hasRoom(2); slot = slot.next) {
                final long ofHeader = Math.min(skipped, slot.headerLength);
                final long ofData = skipped - ofHeader;
                list.add(slot.header + ofHeader, slot.headerLength - ofHeader);
                list.add(slot.data + ofData, slot.dataLength - ofData);
                skipped = 0;
            }
            final int sent = transport.send(list);
            if (sent == UnixSocket.WOULD_BLOCK) {
                return total > 0 ? total : sent;
            }
            total += sent;
            consume(sent, listener);
        }
        return total;
    }

    private void consume(final int sent, final Listener listener) {
        final int ofWords = Math.min(sent, wordsEnd - wordsBegin);
        wordsBegin += ofWords;
        firstSent += sent - ofWords;
        while (first != null && firstSent >= (long) first.headerLength + first.dataLength) {
            final Slot slot = first;
            firstSent -= (long) slot.headerLength + slot.dataLength;
            first = slot.next;
            slot.next = null;
            listener.onSent(slot);
        }
    }

    @Override
    public void close() {
        first = null;
        last = null;
        words.close();
    }
}
