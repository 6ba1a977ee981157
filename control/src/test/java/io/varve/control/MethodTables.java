package io.varve.control;

import io.varve.control.Methods.MethodType;
import io.varve.control.rpc.Json;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The part of docs/control.md that follows from the types. */
final class MethodTables {
    private final StringBuilder text = new StringBuilder();
    private final Map<String, Class<?>> shared = new TreeMap<>();

    private MethodTables() {}

    /** All of it, in Markdown. */
    static String text() {
        final MethodTables tables = new MethodTables();
        tables.kinds();
        tables.line("## Methods").line("");
        Methods.all().forEach(tables::method);
        tables.line("## What several methods answer").line("");
        tables.shared("Event", Event.class);
        final List<Class<?>> told = new ArrayList<>();
        while (told.size() < tables.shared.size()) {
            for (final Class<?> type : new ArrayList<>(tables.shared.values())) {
                if (!told.contains(type)) {
                    told.add(type);
                    tables.record(type);
                }
            }
        }
        tables.events();
        return tables.text.toString();
    }

    private MethodTables line(final String line) {
        text.append(line).append('\n');
        return this;
    }

    private void kinds() {
        line("## Kinds of errors").line("");
        line("| `error.data.kind` | |").line("|---|---|");
        for (final ErrorKind kind : ErrorKind.values()) {
            line("| `" + kind.word() + "` | " + kind.meaning() + " |");
        }
        line("");
    }

    private void events() {
        line("| `event` | |").line("|---|---|");
        for (final Event.Type type : Event.Type.values()) {
            line("| `" + word(type) + "` | " + type.meaning() + " |");
        }
    }

    private void method(final MethodType method) {
        line("### `" + method.name() + "`").line("");
        line(method.doc() + (method.canBeJob() ? " It can be a [job](#jobs)." : ""))
                .line("");
        table("parameter", method.params(), true);
        final Class<?> result = method.result();
        if (result.getEnclosingClass() == null) {
            line("Answers " + link(result) + ".").line("");
        } else {
            table("answer", result, false);
        }
    }

    private void record(final Class<?> type) {
        line("### " + title(type)).line("");
        table("field", type, false);
    }

    private void table(final String what, final Class<?> type, final boolean isParams) {
        final List<RecordComponent> inner = new ArrayList<>();
        final StringBuilder rows = new StringBuilder();
        rows(type, isParams, rows, inner);
        if (!rows.isEmpty()) {
            line("| " + what + " | | |").line("|---|---|---|").line(rows.toString());
        }
        for (final RecordComponent component : inner) {
            table("field of `" + name(component) + "`", element(component), false);
        }
    }

    private void rows(
            final Class<?> type, final boolean isParams, final StringBuilder rows, final List<RecordComponent> inner) {
        for (final RecordComponent component : type.getRecordComponents()) {
            if (component.isAnnotationPresent(Flat.class)) {
                rows(component.getType(), isParams, rows, inner);
                continue;
            }
            final Field field = component.getAnnotation(Field.class);
            rows.append("| `").append(name(component)).append('`');
            rows.append(isParams && field.required() ? ", required" : "");
            rows.append(" | ").append(type(component)).append(isParams ? range(component, field) : "");
            rows.append(" | ").append(field.value()).append(field.omitted() ? "; else it is left out" : "");
            rows.append(" |\n");
            final Class<?> element = element(component);
            if (element != null && element.isRecord() && element.getEnclosingClass() != null) {
                inner.add(component);
            }
        }
    }

    private static String range(final RecordComponent component, final Field field) {
        if (component.getType() == String.class && field.maxLength() != Integer.MAX_VALUE) {
            return ", at most " + field.maxLength() + " characters";
        }
        if (component.getType() != long.class && component.getType() != Long.class) {
            return "";
        }
        final String bounds = field.max() != Long.MAX_VALUE
                ? ", " + field.min() + " to " + field.max()
                : field.min() > 0 ? ", at least " + field.min() : "";
        return bounds + (field.required() || component.getType() == Long.class ? "" : ", default " + field.byDefault());
    }

    private String type(final RecordComponent component) {
        final Class<?> type = component.getType();
        final Class<?> element = element(component);
        if (type == List.class) {
            return element == String.class ? "list of texts" : "list" + of(element);
        }
        if (element != null && element.isRecord()) {
            return "object" + of(element);
        }
        if (type == Map.class) {
            return "object of texts";
        }
        if (type == Object.class) {
            return "object";
        }
        if (type == boolean.class || type == Boolean.class) {
            return "true or false";
        }
        return type == String.class || type.isEnum() ? "text" : "number";
    }

    private String of(final Class<?> element) {
        return element.getEnclosingClass() == null ? ", each " + link(element) : "";
    }

    private static Class<?> element(final RecordComponent component) {
        if (component.getType() != List.class) {
            return component.getType().isRecord() ? component.getType() : null;
        }
        return (Class<?>) ((ParameterizedType) component.getGenericType()).getActualTypeArguments()[0];
    }

    private String link(final Class<?> type) {
        shared(title(type), type);
        return "[" + title(type) + "](#" + title(type).toLowerCase(Locale.ROOT).replace(' ', '-') + ")";
    }

    private void shared(final String title, final Class<?> type) {
        shared.put(title, type);
    }

    /** VolumeDescription is "Volume description". */
    private static String title(final Class<?> type) {
        final String words =
                type.getSimpleName().replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
        return Character.toUpperCase(words.charAt(0)) + words.substring(1);
    }

    private static String word(final Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static String name(final RecordComponent component) {
        return Json.name(component);
    }
}
