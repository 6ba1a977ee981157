package io.varve.launcher.volume;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A snapshot, for people and programs.
 *
 * @param name        its name, without the volume's.
 * @param sizeBytes   size of the volume then.
 * @param created     when it was taken.
 * @param isProtected whether it is not to be removed.
 * @param sequence    of the checkpoint that holds its map.
 * @param clones      names of its clones; the identity of one that has none.
 * @param takenUs     after how many microseconds it was durable, where that is known, else null.
 */
public record SnapshotInfo(
        String name,
        long sizeBytes,
        Instant created,
        boolean isProtected,
        long sequence,
        List<String> clones,
        Long takenUs) {
    /** The same, with the time that it took. */
    public SnapshotInfo withTaken(final long microseconds) {
        return new SnapshotInfo(name, sizeBytes, created, isProtected, sequence, clones, microseconds);
    }

    /** Writes, as maps, strings and numbers. Names are stable; more may be added. */
    public Map<String, Object> toJson() {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", name);
        fields.put("size_bytes", sizeBytes);
        fields.put("created", created.toString());
        fields.put("protected", isProtected);
        fields.put("sequence", sequence);
        fields.put("clones", clones);
        if (takenUs != null) {
            fields.put("taken_us", takenUs);
        }
        return fields;
    }

    /** Reads what was written. */
    public static SnapshotInfo ofJson(final Map<?, ?> fields) {
        return new SnapshotInfo(
                (String) fields.get("name"),
                ((Number) fields.get("size_bytes")).longValue(),
                Instant.parse((String) fields.get("created")),
                Boolean.TRUE.equals(fields.get("protected")),
                ((Number) fields.get("sequence")).longValue(),
                ((List<?>) fields.get("clones"))
                        .stream().map(String.class::cast).toList(),
                fields.get("taken_us") instanceof Number taken ? taken.longValue() : null);
    }
}
