package io.varve.launcher.control;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The parameters of a call, by name. A value of null counts as none. */
final class Params {
    private final Map<String, Object> values;

    /** Takes parameters of which none but these are known. */
    Params(final Map<String, Object> values, final Set<String> known) throws RpcException {
        this.values = values;
        for (final String name : values.keySet()) {
            if (!known.contains(name)) {
                throw invalid("unknown parameter '" + name + "'; there are " + String.join(", ", known));
            }
        }
    }

    /** A string that has to be there. */
    String required(final String name) throws RpcException {
        final String value = string(name);
        if (value == null || value.isEmpty()) {
            throw invalid("parameter '" + name + "' is missing");
        }
        return value;
    }

    /** A string, or null. */
    String string(final String name) throws RpcException {
        final Object value = values.get(name);
        if (value != null && !(value instanceof String)) {
            throw invalid("parameter '" + name + "' is not a string");
        }
        return (String) value;
    }

    /** True or false; false when it is not there. */
    boolean flag(final String name) throws RpcException {
        final Object value = values.get(name);
        if (value != null && !(value instanceof Boolean)) {
            throw invalid("parameter '" + name + "' is neither true nor false");
        }
        return Boolean.TRUE.equals(value);
    }

    /** A whole number of 0 or more, or the given one. */
    long number(final String name, final long otherwise) throws RpcException {
        final Object value = values.get(name);
        if (value == null) {
            return otherwise;
        }
        if (!(value instanceof Integer || value instanceof Long) || ((Number) value).longValue() < 0) {
            throw invalid("parameter '" + name + "' is not a whole number of 0 or more");
        }
        return ((Number) value).longValue();
    }

    /** An object of strings, empty when it is not there. */
    Map<String, String> strings(final String name) throws RpcException {
        final Map<String, String> strings = new LinkedHashMap<>();
        final Object value = values.get(name);
        if (value == null) {
            return strings;
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw invalid("parameter '" + name + "' is not an object");
        }
        for (final Map.Entry<?, ?> entry : map.entrySet()) {
            if (!(entry.getValue() instanceof String text)) {
                throw invalid("'" + entry.getKey() + "' in parameter '" + name + "' is not a string");
            }
            strings.put((String) entry.getKey(), text);
        }
        return strings;
    }

    /** A list of strings, empty when it is not there. */
    List<String> list(final String name) throws RpcException {
        final Object value = values.get(name);
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof final List<?> list)) {
            throw invalid("parameter '" + name + "' is not a list");
        }
        final List<String> strings = new ArrayList<>();
        for (final Object each : list) {
            if (!(each instanceof final String text)) {
                throw invalid("parameter '" + name + "' has something in it that is not a string");
            }
            strings.add(text);
        }
        return strings;
    }

    private static RpcException invalid(final String message) {
        return new RpcException(RpcException.INVALID_PARAMS, message);
    }
}
