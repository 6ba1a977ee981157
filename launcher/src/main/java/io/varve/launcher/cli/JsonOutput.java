package io.varve.launcher.cli;

import io.varve.control.rpc.Json;
import io.varve.launcher.volume.Descriptions;
import io.varve.lsvd.LogInventory;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.store.StoreProbe;
import io.varve.lsvd.verify.Finding;
import io.varve.lsvd.verify.Verification;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import tools.jackson.jr.ob.JSON;

/** The JSON forms of what commands answer. Names are stable; more may be added. */
final class JsonOutput {
    private static final JSON PRETTY =
            JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT, JSON.Feature.WRITE_NULL_PROPERTIES);

    private JsonOutput() {}

    /** What a daemon has answered. */
    static String answer(final Map<String, Object> answer) {
        return PRETTY.asString(answer);
    }

    /** What a daemon has answered, or would. */
    static String answer(final Record answer) {
        return PRETTY.asString(Json.ofRecord(answer));
    }

    static String volume(final VolumeInfo info) {
        return answer(Descriptions.of(info));
    }

    /** @param live figures of the daemon that serves it here, or null. */
    static String volume(final VolumeInfo info, final Map<String, Object> live) {
        final Map<String, Object> fields = new LinkedHashMap<>(Json.ofRecord(Descriptions.of(info)));
        if (live != null) {
            fields.put("live", live);
        }
        return PRETTY.asString(fields);
    }

    static String volumes(final List<VolumeInfo> volumes) {
        return PRETTY.asString(
                volumes.stream().map(Descriptions::of).map(Json::ofRecord).toList());
    }

    /** A list of what is in JSON's form already. */
    static String list(final List<Map<String, Object>> entries) {
        return PRETTY.asString(entries);
    }

    static String removed(final String name, final boolean removed) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", name);
        fields.put("removed", removed);
        return PRETTY.asString(fields);
    }

    static String storeCheck(
            final String url,
            final boolean isFit,
            final List<StoreProbe.Finding> findings,
            final List<StoreProbe.Latency> latencies) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("store", url);
        fields.put("fit", isFit);
        fields.put("checks", findings.stream().map(JsonOutput::fields).toList());
        fields.put("latencies", latencies.stream().map(JsonOutput::fields).toList());
        return PRETTY.asString(fields);
    }

    private static Map<String, Object> fields(final StoreProbe.Finding finding) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("check", finding.check());
        fields.put("ok", finding.isKept());
        fields.put("detail", finding.detail());
        return fields;
    }

    private static Map<String, Object> fields(final StoreProbe.Latency latency) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("operation", latency.operation());
        fields.put("median_ns", latency.medianNs());
        fields.put("max_ns", latency.maxNs());
        fields.put("samples", latency.samples());
        return fields;
    }

    static String verification(final VolumeInfo info, final Verification result, final List<Finding> findings) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("volume", info.name());
        fields.put("uuid", info.uuid().toString());
        fields.put("well", result.isWell());
        fields.put("objects", result.objects());
        fields.put("bytes", result.bytes());
        fields.put("findings", findings.stream().map(JsonOutput::fields).toList());
        return PRETTY.asString(fields);
    }

    private static Map<String, Object> fields(final Finding finding) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("object", finding.object());
        fields.put("problem", finding.problem());
        fields.put("snapshot", finding.snapshot());
        fields.put("affected_bytes", finding.affected().bytes());
        fields.put("affected_ranges", finding.affected().count());
        fields.put(
                "ranges",
                finding.affected().kept().stream()
                        .map(range -> Map.of("offset", range.offset(), "length", range.length()))
                        .toList());
        return fields;
    }

    static String logs(final List<LogInventory.Entry> logs, final Map<UUID, String> names) {
        return PRETTY.asString(logs.stream().map(log -> fields(log, names)).toList());
    }

    private static Map<String, Object> fields(final LogInventory.Entry log, final Map<UUID, String> names) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("volume", names.get(log.volume()));
        fields.put("uuid", log.volume().toString());
        fields.put("epoch", log.epoch() < 0 ? null : log.epoch());
        fields.put("size_bytes", log.sizeBytes());
        fields.put("unsent_records", log.unsentRecords() < 0 ? null : log.unsentRecords());
        fields.put("unsent_bytes", log.unsentBytes() < 0 ? null : log.unsentBytes());
        fields.put("state", log.state().name().toLowerCase(Locale.ROOT));
        fields.put("file", log.file().toString());
        return fields;
    }
}
