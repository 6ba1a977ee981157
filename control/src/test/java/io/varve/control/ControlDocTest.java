package io.varve.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.control.Methods.MethodType;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What can be asked is named, documented and described alike. */
class ControlDocTest {
    private static final Path PAGE = Path.of("..", "docs", "control.md");
    private static final String BEGIN = "<!-- From here on as the types in control/ say: ControlDocTest. -->\n\n";
    private static final String END = "\n<!-- Up to here. -->\n";

    /** With {@code -Dvarve.docs=write} the page is brought up to date instead. */
    @Test
    void thePageSaysWhatTheTypesSay() throws IOException {
        final String page = Files.readString(PAGE);
        final int begin = page.indexOf(BEGIN) + BEGIN.length();
        final int end = page.indexOf(END);
        assertThat(begin).isBetween(BEGIN.length(), end);
        if ("write".equals(System.getProperty("varve.docs"))) {
            Files.writeString(PAGE, page.substring(0, begin) + MethodTables.text() + page.substring(end));
            return;
        }
        assertThat(page.substring(begin, end))
                .as("docs/control.md; -Dvarve.docs=write brings it up to date")
                .isEqualTo(MethodTables.text());
    }

    @Test
    void aMethodIsFoundByItsName() {
        assertThat(Methods.all()).hasSizeGreaterThan(20).allSatisfy(method -> {
            final String words = Arrays.stream(method.name().split("[._]"))
                    .map(word -> Character.toUpperCase(word.charAt(0)) + word.substring(1))
                    .collect(Collectors.joining());
            assertThat(method.params().getSimpleName()).isEqualTo(words + "Call");
        });
    }

    @Test
    void everyFieldIsDocumentedAndFewAreOfOneRecord() {
        for (final MethodType method : Methods.all()) {
            check(method.params());
            check(method.result());
        }
    }

    private static void check(final Class<?> type) {
        assertThat(type.getRecordComponents()).as(type.getName()).hasSizeLessThanOrEqualTo(8);
        for (final RecordComponent component : type.getRecordComponents()) {
            final boolean isFlat = component.isAnnotationPresent(Flat.class);
            assertThat(component.isAnnotationPresent(Field.class))
                    .as(type.getName() + "." + component.getName())
                    .isNotEqualTo(isFlat);
            if (isFlat) {
                check(component.getType());
            }
        }
    }
}
