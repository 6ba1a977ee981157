package io.varve.control;

import java.lang.reflect.ParameterizedType;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** All methods, as the {@code permits} of {@link Call} and its kin name them. */
public final class Methods {
    private static final Map<String, MethodType> BY_NAME = new TreeMap<>();

    static {
        of(Call.class).map(Methods::describe).forEach(type -> BY_NAME.put(type.name(), type));
    }

    private Methods() {}

    /**
     * A method.
     *
     * @param name   as it is called.
     * @param doc    what it does.
     * @param params record of its parameters.
     * @param result record of what it answers.
     */
    public record MethodType(String name, String doc, Class<? extends Record> params, Class<? extends Record> result) {
        /** Whether it can be run as a job. */
        public boolean canBeJob() {
            return LongCall.class.isAssignableFrom(params);
        }
    }

    /** All of them, by name. */
    public static Collection<MethodType> all() {
        return BY_NAME.values();
    }

    /** Their names, in order. */
    public static Collection<String> names() {
        return BY_NAME.keySet();
    }

    /** The method of a name, or null. */
    public static MethodType of(final String name) {
        return BY_NAME.get(name);
    }

    /** The method that is called with these parameters. */
    public static MethodType of(final Call<?> call) {
        return BY_NAME.get(call.getClass().getAnnotation(Method.class).name());
    }

    private static Stream<Class<?>> of(final Class<?> type) {
        return type.isSealed() ? Arrays.stream(type.getPermittedSubclasses()).flatMap(Methods::of) : Stream.of(type);
    }

    private static MethodType describe(final Class<?> params) {
        final Method method = params.getAnnotation(Method.class);
        final ParameterizedType call = (ParameterizedType) params.getGenericInterfaces()[0];
        return new MethodType(
                method.name(),
                method.doc(),
                params.asSubclass(Record.class),
                ((Class<?>) call.getActualTypeArguments()[0]).asSubclass(Record.class));
    }
}
