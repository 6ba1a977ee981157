package io.varve.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.crypto.DataKey;
import io.varve.lsvd.crypto.KeyException;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class KmsKeyTest {
    private static final UUID VOLUME = new UUID(1, 2);
    private static final UUID PARENT = new UUID(3, 4);
    private static final String SECRET = "the secret access key of the test";

    private final DataKey key = DataKey.random();
    private KmsServer server;
    private KeySource.Wrapper kms;

    @BeforeEach
    void start() throws IOException {
        // Where the SDK looks, beside the environment.
        System.setProperty("aws.accessKeyId", "AKIATEST");
        System.setProperty("aws.secretAccessKey", SECRET);
        server = new KmsServer();
        kms = source(KmsServer.ARN).open();
    }

    private KeySource source(final String arn) throws KeyException {
        return KeySource.parse("aws-kms:" + arn, Map.of("AWS_ENDPOINT_URL_KMS", server.url()));
    }

    @AfterEach
    void stop() {
        kms.close();
        server.close();
        key.close();
        System.clearProperty("aws.accessKeyId");
        System.clearProperty("aws.secretAccessKey");
    }

    @Test
    void wrapsAndUnwrapsByOneCallEach() throws KeyException {
        final byte[] wrapped = kms.wrap(key, VOLUME, PARENT);
        assertThat(server.calls()).containsExactly("TrentService.Encrypt by AKIATEST");
        try (DataKey back = kms.unwrap(wrapped, VOLUME, PARENT)) {
            assertThat(back.bytes()).isEqualTo(key.bytes());
        }
        assertThat(server.calls())
                .containsExactly("TrentService.Encrypt by AKIATEST", "TrentService.Decrypt by AKIATEST");
        assertThat(kms.kind()).isEqualTo("aws-kms");
        assertThat(kms.publicName()).isEqualTo(KmsServer.ARN);
    }

    @Test
    void whatIsWrappedIsBoundToItsVolumes() throws KeyException {
        final byte[] wrapped = kms.wrap(key, VOLUME, PARENT);
        final String notThisOne =
                "the volume's key was not wrapped by the KMS key " + KmsServer.ARN + " for this volume";
        refused(wrapped, VOLUME, VOLUME, notThisOne);
        refused(wrapped, PARENT, PARENT, notThisOne);
        wrapped[20] ^= 1;
        refused(wrapped, VOLUME, PARENT, notThisOne);
    }

    private void refused(final byte[] wrapped, final UUID volume, final UUID keyOf, final String message) {
        assertThatThrownBy(() -> kms.unwrap(wrapped, volume, keyOf))
                .isInstanceOf(KeyException.class)
                .hasMessage(message);
    }

    @Test
    void aKeyThatIsNotThereIsNamed() throws KeyException {
        final String other = "arn:aws:kms:eu-central-1:123456789012:alias/varve";
        try (KeySource.Wrapper wrapper = source(other).open()) {
            assertThatThrownBy(() -> wrapper.wrap(key, VOLUME, VOLUME))
                    .isInstanceOf(KeyException.class)
                    .hasMessage("KMS knows no key " + other + ": see its ARN");
        }
    }

    @Test
    void refusalsSayWhatToDo() {
        server.refuse(400, "AccessDeniedException", "User: x is not authorized");
        told("KMS does not permit kms:Encrypt with " + KmsServer.ARN
                + ": allow it in the key's policy (User: x is not authorized)");
        server.refuse(400, "DisabledException", "");
        told("the KMS key " + KmsServer.ARN + " is disabled or about to be deleted: enable it");
        server.refuse(400, "UnrecognizedClientException", "The security token included in the request is invalid.");
        told("KMS does not take the AWS credentials that were found (UnrecognizedClientException):"
                + " see AWS_ACCESS_KEY_ID, AWS_PROFILE or the role of this host");
        server.refuse(400, "InvalidGrantTokenException", "what else there is");
        told("KMS at " + server.url() + " refuses kms:Encrypt (InvalidGrantTokenException): what else there is");
    }

    private void told(final String message) {
        assertThatThrownBy(() -> kms.wrap(key, VOLUME, VOLUME))
                .isInstanceOf(KeyException.class)
                .hasMessage(message)
                .message()
                .doesNotContain(SECRET);
    }

    @Test
    void aServerThatDoesNotAnswerIsNotWaitedForLong() throws KeyException {
        server.fallSilent();
        try (KmsKey impatient = new KmsKey((KmsKeySource) source(KmsServer.ARN), Duration.ofMillis(400))) {
            assertThatThrownBy(() -> impatient.wrap(key, VOLUME, VOLUME))
                    .isInstanceOf(KeyException.class)
                    .hasMessageStartingWith("KMS at " + server.url() + " did not answer to kms:Encrypt: ");
        }
    }

    @Test
    void aServerThatIsNotThereIsTold() throws KeyException {
        server.close();
        try (KmsKey alone = new KmsKey((KmsKeySource) source(KmsServer.ARN), Duration.ofSeconds(2))) {
            assertThatThrownBy(() -> alone.wrap(key, VOLUME, VOLUME))
                    .isInstanceOf(KeyException.class)
                    .hasMessageStartingWith("KMS at " + server.url() + " did not answer to kms:Encrypt: ");
        }
    }
}
