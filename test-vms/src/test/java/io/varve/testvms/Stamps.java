package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What guests with the task {@code stamp} tell on their consoles: chunks that are written and synced, in order of each writer. */
final class Stamps {
    private static final Pattern WROTE = Pattern.compile("@@ value wrote=(\\d+) (\\d+)\n");
    private static final Pattern FOUND = Pattern.compile("@@ value found=(\\d+) (\\d+)");
    private static final Pattern OF_QEMU = Pattern.compile("qemu-system-\\w+: [^\\n]*(\\n|$)");
    private static final Pattern FAILURE = Pattern.compile("@@ fail .*");

    private final Map<Integer, Long> synced = new TreeMap<>();

    /** Nothing so far. */
    Stamps() {}

    /** What others have taken so far. */
    Stamps(final Stamps others) {
        synced.putAll(others.synced);
    }

    /** Takes the consoles of one guest, in the order in which it had them: no failure, and no number is missing. */
    void add(final Program... consoles) {
        final StringBuilder all = new StringBuilder();
        for (final Program console : consoles) {
            // A line may begin on one console and end on the next.
            all.append(OF_QEMU.matcher(console.output().text()).replaceAll(""));
        }
        assertThat(FAILURE.matcher(all).results().map(result -> result.group()))
                .as("failures")
                .isEmpty();
        final Matcher wrote = WROTE.matcher(all);
        while (wrote.find()) {
            final int writer = Integer.parseInt(wrote.group(1));
            final long number = Long.parseLong(wrote.group(2));
            final Long before = synced.put(writer, number);
            assertThat(number).as("next chunk of writer " + writer).isEqualTo(before == null ? 1 : before + 1);
        }
    }

    /** Chunks so far, of all writers. */
    long count() {
        return synced.values().stream().mapToLong(Long::longValue).sum();
    }

    /**
     * Checks what a later boot has found: whatever was synced, and of each writer at most one chunk that had not been told yet, and one
     * that was under way.
     */
    void checkFound(final Program console) {
        final Matcher found = FOUND.matcher(console.output().text());
        int writers = 0;
        while (found.find()) {
            final int writer = Integer.parseInt(found.group(1));
            final long number = Long.parseLong(found.group(2));
            final long least = synced.getOrDefault(writer, 0L);
            assertThat(number).as("last chunk of writer " + writer).isBetween(least, least + 2);
            synced.put(writer, number);
            writers++;
        }
        assertThat(writers).as("writers").isEqualTo(synced.size());
    }
}
