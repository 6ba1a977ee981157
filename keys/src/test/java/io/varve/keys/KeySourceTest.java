package io.varve.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.crypto.DataKey;
import io.varve.lsvd.crypto.KeyException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class KeySourceTest {
    private static final UUID VOLUME = new UUID(1, 2);
    private static final String TEXT =
            Base64.getEncoder().encodeToString("0123456789abcdefghijklmnopqrstuv".getBytes(StandardCharsets.US_ASCII));

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void write() throws IOException {
        file = directory.resolve("key");
        write(TEXT + "\n");
    }

    private void write(final String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "file", "vault:x", "FILE:/x", "aws-kms", ": "})
    void anotherFormIsRefused(final String text) {
        refused(text, "'" + text + "' is no key source: write file:PATH, credential:NAME, exec:COMMAND or aws-kms:ARN");
    }

    @Test
    void eachFormIsRead() throws KeyException {
        final String arn = "aws-kms:arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/a/b";
        for (final String text : List.of("file:/a:b", "credential:varve-key", "exec:sh -c 'cat key'", arn)) {
            assertThat(KeySource.parse(text, Map.of())).hasToString(text);
        }
        assertThat(KeySource.parse(arn, Map.of())).isEqualTo(new KmsKeySource(arn.substring(8), "us-gov-west-1", null));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "file:|file: has no path: write file:/etc/varve/key",
                "credential:a/b|'a/b' is no name of a credential: letters, digits and _ - . only",
                "credential:..|'..' is no name of a credential: letters, digits and _ - . only",
                "exec:|exec: has no command: write exec:/usr/local/bin/print-key",
                "exec:a 'b|exec: has a quote without an end: '",
                "aws-kms:alias/x|'alias/x' is no ARN of a KMS key: write aws-kms:arn:aws:kms:REGION:ACCOUNT:key/ID,"
                        + " or alias/NAME in place of key/ID"
            })
    void whatIsMissingIsTold(final String text, final String message) {
        refused(text, message);
    }

    @Test
    void anEndpointIsAUrl() {
        assertThatThrownBy(() ->
                        KeySource.parse("aws-kms:" + KmsServer.ARN, Map.of("AWS_ENDPOINT_URL_KMS", "localhost:99")))
                .isInstanceOf(KeyException.class)
                .hasMessage("AWS_ENDPOINT_URL_KMS is no URL of a server: write https://HOST");
    }

    @Test
    void aFileHoldsAKey() throws KeyException {
        try (DataKey key = DataKey.random();
                KeySource.Wrapper one = open("file:" + file);
                KeySource.Wrapper other = open("exec:cat " + file)) {
            final byte[] wrapped = one.wrap(key, VOLUME, VOLUME);
            try (DataKey back = other.unwrap(wrapped, VOLUME, VOLUME)) {
                assertThat(back.bytes()).isEqualTo(key.bytes());
            }
            assertThat(one.kind()).isEqualTo("file");
            assertThat(one.publicName()).isEqualTo(file.toString());
            assertThat(other.kind()).isEqualTo("exec");
            assertThat(other.publicName()).isEqualTo("cat");
        }
    }

    @Test
    void anotherKeyIsToldFromTheRightOne() throws IOException {
        try (DataKey key = DataKey.random();
                KeySource.Wrapper one = open("file:" + file)) {
            final byte[] wrapped = one.wrap(key, VOLUME, VOLUME);
            write(TEXT.replace('M', 'N'));
            try (KeySource.Wrapper other = open("file:" + file)) {
                assertThatThrownBy(() -> other.unwrap(wrapped, VOLUME, VOLUME))
                        .isInstanceOf(KeyException.class)
                        .hasMessage("the key of " + file + " is not the one that the volume's key was wrapped by");
            }
        }
    }

    @Test
    void filesThatAreNoKeyFilesAreTold() throws IOException {
        write(" \n");
        unopened("the key file " + file + " is empty: it should hold 32 bytes in base64,"
                + " as 'varve key generate FILE' makes them");
        write(TEXT.substring(4));
        unopened("the key file " + file
                + " holds a key of 29 bytes: it should have 32, as 'varve key generate FILE' makes them");
        write("secret!" + TEXT);
        unopened("the key file " + file + " is not base64: it should hold 32 bytes in base64, one line,"
                + " as 'varve key generate FILE' makes them");
        write(TEXT + "\n" + TEXT);
        unopened("the key file " + file + " is not base64: it should hold 32 bytes in base64, one line,"
                + " as 'varve key generate FILE' makes them");
        write("A".repeat(5000));
        unopened("the key file " + file + " is longer than 4096 bytes: it holds no key");
        Files.delete(file);
        unopened("the key file " + file + " is not there: 'varve key generate " + file + "' makes a new one");
        Files.createDirectory(file);
        unopened("the key file " + file + " is no regular file");
    }

    @Test
    void aFileThatOthersCanReadIsRefused() throws IOException {
        for (final String permissions : List.of("rw-r-----", "rw----r--", "rw--w----")) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
            unopened("the key file " + file + " can be used by others than its owner (" + permissions
                    + "): run 'chmod 600 " + file + "'");
        }
    }

    private void unopened(final String message) {
        assertThatThrownBy(() -> open("file:" + file))
                .isInstanceOf(KeyException.class)
                .hasMessage(message)
                .message()
                .doesNotContain(TEXT.substring(8, 20));
    }

    @Test
    void aCredentialIsOneOfTheService() throws IOException {
        final Map<String, String> service = Map.of("CREDENTIALS_DIRECTORY", directory.toString());
        // systemd has its own permissions for them.
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r-----"));
        try (KeySource.Wrapper wrapper =
                KeySource.parse("credential:key", service).open()) {
            assertThat(wrapper.kind()).isEqualTo("credential");
            assertThat(wrapper.publicName()).isEqualTo("key");
        }
        assertThatThrownBy(() -> KeySource.parse("credential:other", service).open())
                .isInstanceOf(KeyException.class)
                .hasMessage("the credential other is not among those of this service:"
                        + " add LoadCredentialEncrypted=other to its unit");
        assertThatThrownBy(() -> KeySource.parse("credential:key", Map.of()).open())
                .isInstanceOf(KeyException.class)
                .hasMessage("there are no credentials here (CREDENTIALS_DIRECTORY is not set): credential:key is for"
                        + " services of systemd, with LoadCredentialEncrypted=key in their unit");
    }

    @Test
    void generatedFilesAreKeyFilesForTheirOwner() throws IOException {
        final Path made = directory.resolve("made");
        KeyFile.generate(made);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made)))
                .isEqualTo("rw-------");
        assertThat(Files.readString(made)).matches("[A-Za-z0-9+/]{43}=\n");
        open("file:" + made).close();
        final String before = Files.readString(made);
        assertThatThrownBy(() -> KeyFile.generate(made))
                .isInstanceOf(KeyException.class)
                .hasMessageStartingWith(made + " is there already, and is not overwritten");
        assertThat(Files.readString(made)).isEqualTo(before);
        assertThatThrownBy(() -> KeyFile.generate(directory.resolve("none/key")))
                .isInstanceOf(KeyException.class)
                .hasMessage(directory.resolve("none/key") + " can't be made: its directory is not there");
    }

    private static KeySource.Wrapper open(final String source) throws KeyException {
        return KeySource.parse(source, Map.of()).open();
    }

    private static void refused(final String text, final String message) {
        assertThatThrownBy(() -> KeySource.parse(text, Map.of()))
                .isInstanceOf(KeyException.class)
                .hasMessage(message);
    }
}
