package io.varve.control.rpc;

import io.varve.control.ControlException;
import io.varve.control.ErrorKind;
import io.varve.control.Field;
import io.varve.control.Flat;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * Records as maps, lists, texts, numbers and truth values, and back. What a component can be: text, long, int, double, boolean and their
 * boxes, an enum, a list of texts or records, a map of texts, a record, or any JSON value as {@link Object}.
 */
public final class Json {
    private Json() {}

    /** The fields of a record, in the order of its components. */
    public static Map<String, Object> ofRecord(final Record value) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        put(value, fields);
        return fields;
    }

    private static void put(final Record value, final Map<String, Object> fields) {
        for (final RecordComponent component : value.getClass().getRecordComponents()) {
            final Object part = get(component, value);
            if (component.isAnnotationPresent(Flat.class)) {
                if (part != null) {
                    put((Record) part, fields);
                }
            } else if (part != null || !component.getAnnotation(Field.class).omitted()) {
                fields.put(name(component), plain(part));
            }
        }
    }

    private static Object plain(final Object value) {
        return switch (value) {
            case Record inner -> ofRecord(inner);
            case Enum<?> word -> word.name().toLowerCase(Locale.ROOT);
            case List<?> list -> list.stream().map(Json::plain).toList();
            case null, default -> value;
        };
    }

    private static Object get(final RecordComponent component, final Record value) {
        try {
            return component.getAccessor().invoke(value);
        } catch (final ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** How a component is called: {@code sizeBytes} is {@code size_bytes}, {@code isProtected} is {@code protected}. */
    public static String name(final RecordComponent component) {
        final StringBuilder name = new StringBuilder();
        for (final char letter : component.getName().toCharArray()) {
            if (Character.isUpperCase(letter)) {
                name.append('_');
            }
            name.append(Character.toLowerCase(letter));
        }
        return name.indexOf("is_") == 0 ? name.substring(3) : name.toString();
    }

    /** The names of all fields of a record, in order. */
    static Set<String> names(final Class<? extends Record> type) {
        final Set<String> names = new TreeSet<>();
        for (final RecordComponent component : type.getRecordComponents()) {
            if (component.isAnnotationPresent(Flat.class)) {
                names.addAll(names(component.getType().asSubclass(Record.class)));
            } else {
                names.add(name(component));
            }
        }
        return names;
    }

    /** The same parameters, where those that {@linkplain Field#namesVolume() name a volume} name it otherwise. */
    public static <T extends Record> T withVolumes(final T call, final UnaryOperator<String> names) {
        final RecordComponent[] components = call.getClass().getRecordComponents();
        final Object[] parts = new Object[components.length];
        for (int i = 0; i < parts.length; i++) {
            final Field field = components[i].getAnnotation(Field.class);
            final Object part = get(components[i], call);
            parts[i] = field != null && field.namesVolume() && part instanceof final String name
                    ? names.apply(name)
                    : part;
        }
        @SuppressWarnings("unchecked") // A record's class is its type.
        final Class<T> type = (Class<T>) call.getClass();
        return make(type, parts);
    }

    private static <T extends Record> T make(final Class<T> type, final Object[] parts) {
        try {
            final Class<?>[] types = Arrays.stream(type.getRecordComponents())
                    .map(RecordComponent::getType)
                    .toArray(Class<?>[]::new);
            return type.getDeclaredConstructor(types).newInstance(parts);
        } catch (final InvocationTargetException e) {
            throw e.getCause() instanceof ControlException known ? known : new IllegalStateException(e);
        } catch (final ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Reads parameters, none of which may be unknown.
     *
     * @throws ControlException of kind {@link ErrorKind#INVALID} when they are no good: one line that says which.
     */
    public static <T extends Record> T params(final Class<T> type, final Map<String, Object> values) {
        final Set<String> known = names(type);
        for (final String name : values.keySet()) {
            if (!known.contains(name)) {
                throw invalid("unknown parameter '" + name + "'; there are " + String.join(", ", known));
            }
        }
        return new Reader(true).record(type, values);
    }

    /**
     * Reads what was answered. Fields that are not known are left out: a newer daemon may answer more.
     *
     * @throws ControlException of kind {@link ErrorKind#INTERNAL} when it is something else.
     */
    public static <T extends Record> T result(final Class<T> type, final Map<String, Object> values) {
        try {
            return new Reader(false).record(type, values);
        } catch (final ControlException e) {
            throw new ControlException(
                    ErrorKind.INTERNAL, "the daemon answers what it should not: " + e.getMessage(), e);
        }
    }

    private static ControlException invalid(final String message) {
        return new ControlException(ErrorKind.INVALID, message);
    }

    /** Makes records of maps. One that is not strict leaves it to the daemon what is required and within bounds. */
    private record Reader(boolean isStrict) {
        <T extends Record> T record(final Class<T> type, final Map<String, Object> values) {
            final RecordComponent[] components = type.getRecordComponents();
            final Object[] parts = new Object[components.length];
            for (int i = 0; i < parts.length; i++) {
                final RecordComponent component = components[i];
                parts[i] = component.isAnnotationPresent(Flat.class)
                        ? flat(component.getType().asSubclass(Record.class), values)
                        : value(component, values.get(name(component)));
            }
            return make(type, parts);
        }

        /** Parameters are always there; of an answer, a group of fields is or is not. */
        private Record flat(final Class<? extends Record> type, final Map<String, Object> values) {
            return isStrict || names(type).stream().anyMatch(values::containsKey) ? record(type, values) : null;
        }

        private Object value(final RecordComponent component, final Object value) {
            final String name = name(component);
            final Field field = component.getAnnotation(Field.class);
            final Class<?> type = component.getType();
            if (value == null && isStrict && field.required()) {
                throw invalid("parameter '" + name + "' is missing");
            }
            if (type == long.class || type == Long.class || type == int.class || type == Integer.class) {
                final Long number =
                        value == null && type.isPrimitive() ? (Long) field.byDefault() : number(name, field, value);
                return number != null && (type == int.class || type == Integer.class)
                        ? (Object) number.intValue()
                        : number;
            }
            if (type == boolean.class || type == Boolean.class) {
                if (value != null && !(value instanceof Boolean)) {
                    throw invalid("parameter '" + name + "' is neither true nor false");
                }
                return value == null && type.isPrimitive() ? Boolean.FALSE : value;
            }
            if (type == double.class) {
                return value instanceof final Number number ? number.doubleValue() : 0.0;
            }
            if (type == String.class) {
                return text(name, field, value);
            }
            if (type == List.class) {
                return list(name, component.getGenericType(), value);
            }
            if (type == Map.class) {
                return texts(name, value);
            }
            if (type.isEnum()) {
                return word(name, type, value);
            }
            if (type.isRecord()) {
                return value == null ? null : record(type.asSubclass(Record.class), object(name, value));
            }
            return value;
        }

        private Long number(final String name, final Field field, final Object value) {
            if (value == null) {
                return null;
            }
            final boolean isWhole = value instanceof Integer || value instanceof Long;
            final long number = isWhole ? ((Number) value).longValue() : -1;
            if (!isWhole || isStrict && (number < field.min() || number > field.max())) {
                throw invalid("parameter '" + name + "' is not a whole number "
                        + (field.max() == Long.MAX_VALUE
                                ? "of " + field.min() + " or more"
                                : "from " + field.min() + " to " + field.max()));
            }
            return number;
        }

        private String text(final String name, final Field field, final Object value) {
            if (value != null && !(value instanceof String)) {
                throw invalid("parameter '" + name + "' is not a string");
            }
            final String text = (String) value;
            if (isStrict && text != null) {
                if (field.required() && text.isEmpty()) {
                    throw invalid("parameter '" + name + "' is missing");
                }
                if (text.codePointCount(0, text.length()) > field.maxLength()) {
                    throw invalid("parameter '" + name + "' has more than " + field.maxLength() + " characters");
                }
            }
            return text;
        }

        /** Empty when it is not there. */
        private List<?> list(final String name, final Type type, final Object value) {
            final Class<?> element = (Class<?>) ((ParameterizedType) type).getActualTypeArguments()[0];
            final List<Object> elements = new ArrayList<>();
            if (value == null) {
                return elements;
            }
            if (!(value instanceof final List<?> list)) {
                throw invalid("parameter '" + name + "' is not a list");
            }
            for (final Object each : list) {
                if (element.isRecord()) {
                    elements.add(record(element.asSubclass(Record.class), object(name, each)));
                } else if (each instanceof String) {
                    elements.add(each);
                } else {
                    throw invalid("parameter '" + name + "' has something in it that is not a string");
                }
            }
            return elements;
        }

        /** Empty when it is not there. */
        private static Map<String, String> texts(final String name, final Object value) {
            final Map<String, String> texts = new LinkedHashMap<>();
            if (value == null) {
                return texts;
            }
            for (final Map.Entry<String, Object> entry : object(name, value).entrySet()) {
                if (!(entry.getValue() instanceof final String text)) {
                    throw invalid("'" + entry.getKey() + "' in parameter '" + name + "' is not a string");
                }
                texts.put(entry.getKey(), text);
            }
            return texts;
        }

        private static Object word(final String name, final Class<?> type, final Object value) {
            if (value == null) {
                return null;
            }
            final List<String> words = new ArrayList<>();
            for (final Object constant : type.getEnumConstants()) {
                final String word = plain(constant).toString();
                if (word.equals(value)) {
                    return constant;
                }
                words.add(word);
            }
            throw invalid("parameter '" + name + "' is none of " + String.join(", ", words));
        }

        private static Map<String, Object> object(final String name, final Object value) {
            if (!(value instanceof final Map<?, ?> map)) {
                throw invalid("parameter '" + name + "' is not an object");
            }
            return JsonRpc.named(map);
        }
    }
}
