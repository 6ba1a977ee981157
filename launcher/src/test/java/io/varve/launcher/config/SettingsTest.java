package io.varve.launcher.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.launcher.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
    @TempDir
    private Path home;

    private final Map<String, String> variables = new HashMap<>();

    @BeforeEach
    void setHome() {
        variables.put("HOME", home.toString());
        variables.put(Settings.FILE_VARIABLE, "/dev/null");
    }

    @Test
    void hasDefaultsUnderTheHome() {
        final Settings settings = load();
        assertThat(settings.get(Setting.STORE))
                .isEqualTo(new StoreUrl.Directory(home.resolve(".local/share/varve/store")));
        assertThat(settings.get(Setting.CACHE)).isEqualTo(home.resolve(".cache/varve"));
        assertThat(settings.get(Setting.CACHE_SIZE)).isEqualTo(4L << 30);
        assertThat(settings.get(Setting.SHUTDOWN_TIMEOUT)).isEqualTo(Duration.ofSeconds(20));
        assertThat(settings.get(Setting.POLL_TIME)).isEqualTo(Duration.ofNanos(200_000));
        assertThat(settings.get(Setting.LOG)).isEqualTo(System.Logger.Level.INFO);
    }

    @Test
    void followsTheXdgDirectories() {
        variables.put("XDG_DATA_HOME", "/data");
        variables.put("XDG_CACHE_HOME", "relative/is/ignored");
        final Settings settings = load();
        assertThat(settings.get(Setting.STORE)).isEqualTo(new StoreUrl.Directory(Path.of("/data/varve/store")));
        assertThat(settings.get(Setting.CACHE)).isEqualTo(home.resolve(".cache/varve"));
    }

    @Test
    void saysWhatIsMissingWithoutAHome() {
        variables.remove("HOME");
        assertThat(load().get(Setting.CACHE_SIZE)).isEqualTo(4L << 30);
        assertThatThrownBy(() -> load().get(Setting.CACHE))
                .isInstanceOf(UserException.class)
                .hasMessage("neither XDG_CACHE_HOME nor HOME is set: name the directories with --store and --cache");
    }

    @Test
    void commandLineWinsOverVariableOverFileOverDefault() throws IOException {
        write("cache-size = '1G'");
        assertThat(load().get(Setting.CACHE_SIZE)).isEqualTo(1L << 30);
        assertThat(load().isDefault(Setting.CACHE_SIZE, null)).isFalse();
        variables.put("VARVE_CACHE_SIZE", "2G");
        assertThat(load().get(Setting.CACHE_SIZE)).isEqualTo(2L << 30);
        assertThat(load().get(Setting.CACHE_SIZE, "3G")).isEqualTo(3L << 30);
        assertThat(load().isDefault(Setting.STORE, null)).isTrue();
        assertThat(load().isDefault(Setting.STORE, "file:///x")).isFalse();
    }

    @Test
    void anEmptyVariableCountsAsUnset() {
        variables.put("VARVE_CACHE_SIZE", "");
        assertThat(load().get(Setting.CACHE_SIZE)).isEqualTo(4L << 30);
    }

    @Test
    void everySettingCanBeGivenEverywhere() throws IOException {
        write("""
                # all there is
                store = "file:///srv/store"
                s3-endpoint = "http://[::1]:9000"
                s3-region = "eu-central-1"
                s3-path-style = true
                cache = "/srv/cache"
                cache-size = 134217728
                gc-space = "1.3"
                gc-garbage = "0.25"
                gc-rate = "50M"
                shutdown-timeout = "5s"
                poll-time = "0us"
                read-lanes = 3
                log = "debug"
                """);
        final Settings settings = load();
        assertThat(settings.get(Setting.STORE)).isEqualTo(new StoreUrl.Directory(Path.of("/srv/store")));
        assertThat(settings.get(Setting.S3_ENDPOINT)).isEqualTo("http://[::1]:9000");
        assertThat(settings.get(Setting.S3_REGION)).isEqualTo("eu-central-1");
        assertThat(settings.get(Setting.S3_PATH_STYLE)).isTrue();
        assertThat(settings.get(Setting.CACHE)).isEqualTo(Path.of("/srv/cache"));
        assertThat(settings.get(Setting.CACHE_SIZE)).isEqualTo(128L << 20);
        assertThat(settings.get(Setting.GC_SPACE)).isEqualTo(1.3);
        assertThat(settings.get(Setting.GC_GARBAGE)).isEqualTo(0.25);
        assertThat(settings.get(Setting.GC_RATE)).isEqualTo(50L << 20);
        assertThat(settings.get(Setting.SHUTDOWN_TIMEOUT)).isEqualTo(Duration.ofSeconds(5));
        assertThat(settings.get(Setting.POLL_TIME)).isZero();
        assertThat(settings.get(Setting.READ_LANES)).isEqualTo(3);
        assertThat(settings.get(Setting.LOG)).isEqualTo(System.Logger.Level.DEBUG);
        assertThat(Setting.ALL).extracting(Setting::variable).allMatch(name -> name.matches("VARVE_[A-Z0-9_]+"));
    }

    @Test
    void findsTheFileInTheHomeUnlessAnotherIsNamed() throws IOException {
        variables.remove(Settings.FILE_VARIABLE);
        final Path usual = home.resolve(".config/varve/varve.toml");
        Files.createDirectories(usual.getParent());
        Files.writeString(usual, "cache-size = '1G'");
        assertThat(load().get(Setting.CACHE_SIZE)).isEqualTo(1L << 30);

        final Path other = Files.writeString(home.resolve("other.toml"), "cache-size = '2G'");
        assertThat(Settings.load(other, new Environment(variables)).get(Setting.CACHE_SIZE))
                .isEqualTo(2L << 30);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            cache-siz = '1G'        | :2: unknown setting 'cache-siz'; there are store, s3-endpoint, s3-region, s3-path-style, key, cache, cache-size, read-cache-size, gc-space, gc-garbage, gc-rate, shutdown-timeout, answer-timeout, poll-time, read-lanes, control, control-mode, control-group, socket-mode, socket-group, log
            cache-size = '1X'       | :2: cache-size: '1X' is not a size: give bytes, or a whole number with K, M, G or T (10G)
            gc-space = '1.04'       | :2: gc-space: give a number from 1.05 to 1000, not 1.04
            gc-space = '1,3'        | :2: gc-space: give a number from 1.05 to 1000, not 1,3
            gc-garbage = '0.99'     | :2: gc-garbage: give a number from 0.05 to 0.95, not 0.99
            gc-rate = 'much'        | :2: gc-rate: 'much' is not a size: give bytes, or a whole number with K, M, G or T (10G)
            read-lanes = '9'        | :2: read-lanes: give a number from 0 to 8, not 9
            read-lanes = 'two'      | :2: read-lanes: give a number from 0 to 8, not two
            cache-size = '1M'       | :2: cache-size: the cache's size is 32M to 1T, not 1M
            cache-size = 1.5        | :2: cache-size takes a string, a whole number, true or false
            cache-size = [1]        | :2: cache-size takes a string, a whole number, true or false
            store = 's3://'         | :2: store: store 's3://' names no bucket; give it as s3://BUCKET or s3://BUCKET/PREFIX
            s3-endpoint = 'host'    | :2: s3-endpoint: S3 endpoint 'host' is no server's address; give it as http://HOST:PORT or https://HOST
            s3-region = 'Here!'     | :2: s3-region: 'Here!' is no name of a region: lower-case letters, digits and '-'
            s3-path-style = 'yes'   | :2: s3-path-style: 'yes' is not true or false
            cache = ''              | :2: cache: the path is empty
            log = 'loud'            | :2: log: 'loud' is not off, error, warn, info, debug or trace
            shutdown-timeout = 20   | :2: shutdown-timeout: '20' is not a span of time: give a whole number with us, ms, s or m (20s)
            control-mode = '68'     | :2: control-mode: '68' is not a mode: give three octal digits, as for chmod (660)
            socket-group = ''       | :2: socket-group: the group's name is empty
            [serve]                 | :2: unknown setting 'serve'; there are store, s3-endpoint, s3-region, s3-path-style, key, cache, cache-size, read-cache-size, gc-space, gc-garbage, gc-rate, shutdown-timeout, answer-timeout, poll-time, read-lanes, control, control-mode, control-group, socket-mode, socket-group, log
            """)
    void namesTheLineOfWhatIsWrong(final String line, final String message) throws IOException {
        final Path file = write("# settings\n" + line.replace('\'', '"') + "\n");
        assertThatThrownBy(this::load).isInstanceOf(UserException.class).hasMessage(file + message);
    }

    @Test
    void theControlSocketIsInTheUsersDirectoryOrForAll() {
        assertThat(load().get(Setting.CONTROL)).isEqualTo(Path.of("/run/varve/control.sock"));
        variables.put("XDG_RUNTIME_DIR", "/run/user/7");
        assertThat(load().get(Setting.CONTROL)).isEqualTo(Path.of("/run/user/7/varve/control.sock"));
        variables.put("VARVE_CONTROL_MODE", "0660");
        assertThat(load().get(Setting.CONTROL_MODE)).isEqualTo(0660);
        assertThat(load().get(Setting.SOCKET_MODE)).isEqualTo(0600);
    }

    @Test
    void someCanBeSetForOneVolume() {
        final Settings own = load().with(Map.of("cache-size", "1G"), Setting.OF_VOLUME);
        assertThat(own.get(Setting.CACHE_SIZE)).isEqualTo(1L << 30);
        assertThat(own.get(Setting.CACHE_SIZE, "2G")).isEqualTo(2L << 30);
        assertThat(own.isDefault(Setting.CACHE_SIZE, null)).isFalse();
        assertThat(own.with(Map.of("poll-time", "0us"), Setting.OF_VOLUME).get(Setting.CACHE_SIZE))
                .isEqualTo(1L << 30);
        assertThatThrownBy(() -> load().with(Map.of("cache-size", "1X"), Setting.OF_VOLUME))
                .hasMessageStartingWith("--cache-size: '1X' is not a size");
        assertThatThrownBy(() -> load().with(Map.of("log", "off"), Setting.OF_VOLUME))
                .hasMessageStartingWith("setting 'log' can't be given here; there are store, ");
    }

    @Test
    void namesTheLineOfASyntaxError() throws IOException {
        final Path file = write("cache = '/x'\n\ncache-size = = 3\n");
        assertThatThrownBy(this::load)
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(file + ":3: ")
                .hasMessageNotContaining("\n");
    }

    @Test
    void checksVariablesThatAreNotUsed() {
        variables.put("VARVE_POLL_TIME", "soon");
        assertThatThrownBy(this::load)
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith("VARVE_POLL_TIME: 'soon' is not a span of time");
    }

    @Test
    void namesTheOptionOfABadValue() {
        assertThatThrownBy(() -> load().get(Setting.CACHE_SIZE, "2T"))
                .isInstanceOf(UserException.class)
                .hasMessage("--cache-size: the cache's size is 32M to 1T, not 2T");
    }

    @Test
    void saysWhyAFileCannotBeRead() throws IOException {
        final Path missing = home.resolve("missing.toml");
        assertThatThrownBy(() -> Settings.load(missing, new Environment(variables)))
                .isInstanceOf(UserException.class)
                .hasMessage("settings file " + missing + " does not exist");
        assertThatThrownBy(() -> Settings.load(home, new Environment(variables)))
                .isInstanceOf(UserException.class)
                .hasMessage("settings file " + home + " cannot be read: it is a directory");
        final Path binary = Files.write(home.resolve("binary.toml"), new byte[] {(byte) 0xff, 0x00});
        assertThatThrownBy(() -> Settings.load(binary, new Environment(variables)))
                .isInstanceOf(UserException.class)
                .hasMessage("settings file " + binary + " is not UTF-8 text");
    }

    private Settings load() {
        return Settings.load(null, new Environment(variables));
    }

    private Path write(final String content) throws IOException {
        final Path file = Files.writeString(home.resolve("varve.toml"), content);
        variables.put(Settings.FILE_VARIABLE, file.toString());
        return file;
    }
}
