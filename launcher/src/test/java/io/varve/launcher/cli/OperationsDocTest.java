package io.varve.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.control.Methods;
import io.varve.launcher.config.Environment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What docs/operations.md names is there: commands with their options, and calls. */
final class OperationsDocTest {
    private static final Path DOC = Path.of("../docs/operations.md");
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");

    @Test
    void everyCommandAndCallIsThere() throws IOException {
        final List<String> unknown = new ArrayList<>();
        int commands = 0;
        int calls = 0;
        for (final String row : Files.readAllLines(DOC)) {
            final String[] cells = row.split("\\|");
            if (!row.startsWith("| ") || cells.length < 3 || cells[2].strip().equals("command")) {
                continue;
            }
            for (final String code : codes(cells[2])) {
                if (code.startsWith("varve ")) {
                    commands++;
                    if (!isCommand(code.split(" "))) {
                        unknown.add(code);
                    }
                }
            }
            for (final String code : cells.length > 3 ? codes(cells[3]) : List.<String>of()) {
                calls++;
                if (!Methods.names().contains(code)) {
                    unknown.add(code);
                }
            }
        }
        assertThat(unknown).isEmpty();
        assertThat(commands).isGreaterThan(20);
        assertThat(calls).isGreaterThan(15);
    }

    private static List<String> codes(final String cell) {
        return CODE.matcher(cell)
                .results()
                .map((MatchResult found) -> found.group(1))
                .toList();
    }

    private static boolean isCommand(final String[] words) {
        CommandLine command = Main.commandLine(new Environment(Map.of()));
        for (int i = 1; i < words.length; i++) {
            final String word = words[i].replaceAll("[\\[\\]]", "");
            final CommandLine next = command.getSubcommands().get(word);
            if (next != null) {
                command = next;
            } else if (word.startsWith("--")
                    ? command.getCommandSpec().findOption(word) == null
                    : word.equals(word.toLowerCase(Locale.ROOT))) {
                return false;
            }
        }
        return command.getParent() != null;
    }
}
