package io.varve.control.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.control.AttachCall;
import io.varve.control.ControlException;
import io.varve.control.ErrorKind;
import io.varve.control.Field;
import io.varve.control.Flat;
import io.varve.control.JobStatus;
import io.varve.control.JobWaitCall;
import io.varve.control.Methods;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonTest {
    /** One of each kind. */
    record All(
            @Field(value = "", required = true, maxLength = 3)
            String someText,

            @Field(value = "", min = 1, max = 9, byDefault = 4)
            long number,

            @Field("") Long maybe,
            @Field("") boolean isSet,
            @Field("") ErrorKind word,
            @Field("") List<String> texts,
            @Field("") Map<String, String> map,
            @Flat Inner inner) {}

    record Inner(
            @Field(value = "", omitted = true) String absent,
            @Field("") String empty,
            @Field("") List<Leaf> list) {}

    record Leaf(@Field("") double ratio) {}

    @Test
    void whatIsWrittenIsReadAgain() {
        final All all = new All(
                "abc",
                7,
                8L,
                true,
                ErrorKind.NO_SPACE,
                List.of("x"),
                Map.of("k", "v"),
                new Inner(null, null, List.of(new Leaf(0.5))));
        final Map<String, Object> fields = Json.ofRecord(all);
        assertThat(fields)
                .containsEntry("some_text", "abc")
                .containsEntry("set", true)
                .containsEntry("word", "no_space")
                .containsEntry("empty", null)
                .doesNotContainKey("absent")
                .containsEntry("list", List.of(Map.of("ratio", 0.5)));
        assertThat(Json.params(All.class, fields)).isEqualTo(all);
        assertThat(Json.result(All.class, fields)).isEqualTo(all);
    }

    @Test
    void whatIsNotGivenHasItsDefault() {
        assertThat(Json.params(All.class, Map.of("some_text", "a")))
                .isEqualTo(new All("a", 4, null, false, null, List.of(), Map.of(), new Inner(null, null, List.of())));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            some_text | | parameter 'some_text' is missing
            some_text | abcd | parameter 'some_text' has more than 3 characters
            some_text | 1 | parameter 'some_text' is not a string
            number | 10 | parameter 'number' is not a whole number from 1 to 9
            number | x | parameter 'number' is not a whole number from 1 to 9
            maybe | -1 | parameter 'maybe' is not a whole number of 0 or more
            set | 1 | parameter 'set' is neither true nor false
            texts | 1 | parameter 'texts' is not a list
            map | 1 | parameter 'map' is not an object
            list | 1 | parameter 'list' is not a list
            other | 1 | unknown parameter 'other'; there are absent, empty, list, map, maybe, number, set, some_text, texts, word
            """)
    void aWrongParameterIsNamed(final String name, final String text, final String message) {
        final Map<String, Object> params = new LinkedHashMap<>(Map.of("some_text", "abc"));
        params.put(name, text == null ? "" : text.matches("-?[0-9]+") ? (Object) Integer.valueOf(text) : text);
        assertThatThrownBy(() -> Json.params(All.class, params))
                .isInstanceOf(ControlException.class)
                .hasMessage(message);
    }

    @Test
    void anAnswerMayHaveMoreThanIsKnown() {
        assertThat(Json.result(Leaf.class, Map.of("ratio", 1, "news", true))).isEqualTo(new Leaf(1));
        assertThat(ErrorKind.of("of the future")).isEqualTo(ErrorKind.INTERNAL);
    }

    @Test
    void theTypeOfACallIsFound() {
        final Methods.MethodType wait = Methods.of(new JobWaitCall("x", 1));
        assertThat(wait.name()).isEqualTo("job.wait");
        assertThat(wait.result()).isEqualTo(JobStatus.class);
        assertThat(wait.canBeJob()).isFalse();
        assertThat(Methods.of("volume.remove").canBeJob()).isTrue();
        assertThat(Methods.of("attach").params()).isEqualTo(AttachCall.class);
    }
}
