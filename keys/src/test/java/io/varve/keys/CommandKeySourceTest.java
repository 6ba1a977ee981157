package io.varve.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.crypto.KeyException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class CommandKeySourceTest {
    private static final long PATIENCE_MS = 30_000;

    @TempDir
    private Path directory;

    @Test
    void printsTheKeyByItsOwnWords() throws KeyException {
        assertThat(run("printf '%s|%s' \"a  b\" c\\ $HOME")).isEqualTo("a  b|c $HOME");
        assertThat(run("sh -c 'printf %s \"$((40 + 2))\"'")).isEqualTo("42");
    }

    @Test
    void wordsAreSplitWithoutAShell() throws KeyException {
        assertThat(CommandWords.split("  a\t'b \\c' \"d \\\" 'e\" '' f\\\\ g\\"))
                .isEqualTo(List.of("a", "b \\c", "d \" 'e", "", "f\\", "g\\"));
    }

    @Test
    void aFailureIsToldByItsFirstLine() {
        refused(
                "sh -c 'echo  no key today  >&2; echo more >&2; exit 3'",
                PATIENCE_MS,
                "the key command sh ended with status 3: no key today");
        refused("false", PATIENCE_MS, "the key command false ended with status 1");
        refused(
                "sh -c 'printf \"\\033[2Jx\" >&2; exit 1'",
                PATIENCE_MS,
                "the key command sh ended with status 1:  [2Jx");
        refused(
                "/no/such/command",
                PATIENCE_MS,
                "the key command /no/such/command can't be started: No such file or directory");
    }

    @Test
    void whatIsPrintedIsNotTold() {
        assertThatThrownBy(() -> KeySource.parse("exec:echo hidden-key").open())
                .isInstanceOf(KeyException.class)
                .hasMessageStartingWith("what echo printed is not base64")
                .message()
                .doesNotContain("hidden-key");
    }

    @Test
    void moreThanAKeyIsRefused() {
        refused(
                "sh -c 'while :; do echo AAAAAAAAAAAAAAAA; done'",
                PATIENCE_MS,
                "the key command sh printed more than 4096 bytes: a key is 32 bytes in base64, one line");
        // What is said of a failure may be long, and is read to its end.
        refused(
                "sh -c 'yes no | head -n 100000 >&2; exit 1'",
                PATIENCE_MS,
                "the key command sh ended with status 1: no");
    }

    @Test
    void whatTakesTooLongIsEndedWithItsChildren() throws Exception {
        final Path started = directory.resolve("pids");
        refused(
                "sh -c 'sleep 1000 & echo $! > " + started + "; echo $$ >> " + started + "; wait'",
                2000,
                "the key command sh did not print a key within 2 seconds, and was ended");
        final List<String> pids = Files.readAllLines(started);
        assertThat(pids).hasSize(2);
        for (final String pid : pids) {
            ProcessHandle.of(Long.parseLong(pid))
                    .ifPresent(process -> process.onExit().join());
        }
    }

    @Test
    void theEnvironmentHasNoSecretsOfVarve() throws KeyException {
        assertThat(run("env")).contains("PATH=").doesNotContain("VARVE_").doesNotContain("SECRET");
    }

    @ParameterizedTest
    @ValueSource(strings = {"VARVE_S3_SECRET", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"})
    void secretsAreKnownByTheirNames(final String variable) {
        assertThat(CommandKeySource.isSecret(variable)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"PATH", "HOME", "AWS_PROFILE", "VAULT_TOKEN"})
    void theRestIsLeft(final String variable) {
        assertThat(CommandKeySource.isSecret(variable)).isFalse();
    }

    private static String run(final String command) throws KeyException {
        return new String(source(command).run(PATIENCE_MS), StandardCharsets.UTF_8);
    }

    private static CommandKeySource source(final String command) throws KeyException {
        return (CommandKeySource) KeySource.parse("exec:" + command);
    }

    private static void refused(final String command, final long timeoutMs, final String message) {
        assertThatThrownBy(() -> source(command).run(timeoutMs))
                .isInstanceOf(KeyException.class)
                .hasMessageStartingWith(message);
    }
}
