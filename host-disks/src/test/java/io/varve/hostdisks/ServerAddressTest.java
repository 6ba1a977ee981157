package io.varve.hostdisks;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.linux.ErrnoException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(20)
class ServerAddressTest {
    private static final int LIMIT_MS = 10_000;

    @ParameterizedTest
    @ValueSource(strings = {"", "host", "host:", ":10809", "host:port", "localhost:65536"})
    void refusesWhatIsNoAddress(final String text) {
        assertThatThrownBy(() -> new ServerAddress(text).connect(LIMIT_MS)).isInstanceOf(HostDiskException.class);
    }

    @Test
    void saysThatNobodyListens() throws IOException {
        final int port;
        try (ServerSocket closed = new ServerSocket()) {
            closed.bind(new InetSocketAddress("127.0.0.1", 0));
            port = closed.getLocalPort();
        }
        assertThatThrownBy(() -> new ServerAddress("127.0.0.1:" + port).connect(LIMIT_MS))
                .isInstanceOf(ErrnoException.class)
                .hasMessageContaining("ECONNREFUSED");
        assertThatThrownBy(() -> new ServerAddress("unix:/nowhere").connect(LIMIT_MS))
                .isInstanceOf(ErrnoException.class)
                .hasMessageContaining("ENOENT");
    }
}
