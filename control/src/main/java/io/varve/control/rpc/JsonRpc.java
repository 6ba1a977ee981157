package io.varve.control.rpc;

import io.varve.control.ErrorKind;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.jr.ob.JSON;

/** The lines of <a href="https://www.jsonrpc.org/specification">JSON-RPC 2.0</a>, without batches. */
final class JsonRpc {
    private static final String VERSION = "2.0";

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private static final JSON JSON_LINE =
            JSON.builder(FACTORY).enable(JSON.Feature.WRITE_NULL_PROPERTIES).build();

    private JsonRpc() {}

    /**
     * A call.
     *
     * @param id     a string, a number or null.
     * @param isCall whether it has an id, and so is to be answered.
     * @param method its name.
     * @param params by name.
     */
    record Call(Object id, boolean isCall, String method, Map<String, Object> params) {}

    /** Reads one JSON value, which must be an object. */
    static Map<String, Object> object(final ByteBuffer line) throws RpcException {
        try {
            final String text = StandardCharsets.UTF_8.newDecoder().decode(line).toString();
            try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
                final Object value = JSON_LINE.anyFrom(parser);
                if (parser.nextToken() != null) {
                    throw new RpcException(RpcException.PARSE_ERROR, "the line is more than one JSON value");
                }
                if (value instanceof Map<?, ?> map) {
                    return named(map);
                }
            }
        } catch (final CharacterCodingException | JacksonException e) {
            throw new RpcException(RpcException.PARSE_ERROR, ErrorKind.INVALID, "the line is not JSON", e);
        }
        throw new RpcException(RpcException.INVALID_REQUEST, "the line is not one JSON object");
    }

    /** Reads a call. Whose it is, is known only when this has succeeded. */
    static Call call(final Map<String, Object> line) throws RpcException {
        final Object id = line.get("id");
        if (!VERSION.equals(line.get("jsonrpc"))
                || !(line.get("method") instanceof String method)
                || !(id == null || id instanceof String || id instanceof Number)) {
            throw new RpcException(
                    RpcException.INVALID_REQUEST, "the line is no call of JSON-RPC 2.0 (jsonrpc, id, method, params)");
        }
        final Object params = line.getOrDefault("params", Map.of());
        if (!(params instanceof Map<?, ?> byName)) {
            throw new RpcException(RpcException.INVALID_PARAMS, "parameters are given by name, as an object");
        }
        return new Call(id, line.containsKey("id"), method, named(byName));
    }

    /** The line of a call. */
    static String request(final long id, final String method, final Map<String, Object> params) {
        final Map<String, Object> line = new LinkedHashMap<>();
        line.put("jsonrpc", VERSION);
        line.put("id", id);
        line.put("method", method);
        line.put("params", params);
        return JSON_LINE.asString(line);
    }

    /** The line of an answer. */
    static String result(final Object id, final Object result) {
        return answer(id, "result", result);
    }

    /** The line of an error. */
    static String error(final Object id, final RpcException e) {
        final Map<String, Object> error = new LinkedHashMap<>();
        error.put("code", e.code());
        error.put("message", e.getMessage());
        error.put("data", Map.of("kind", e.kind().word()));
        return answer(id, "error", error);
    }

    /** The line of a notification, which nobody answers. */
    static String notification(final String method, final Map<String, Object> params) {
        final Map<String, Object> line = new LinkedHashMap<>();
        line.put("jsonrpc", VERSION);
        line.put("method", method);
        line.put("params", params);
        return JSON_LINE.asString(line);
    }

    private static String answer(final Object id, final String kind, final Object value) {
        final Map<String, Object> line = new LinkedHashMap<>();
        line.put("jsonrpc", VERSION);
        line.put("id", id);
        line.put(kind, value);
        return JSON_LINE.asString(line);
    }

    /** The map with its keys as what they are. */
    static Map<String, Object> named(final Map<?, ?> map) {
        final Map<String, Object> named = new LinkedHashMap<>();
        map.forEach((key, value) -> named.put((String) key, value));
        return named;
    }
}
