package io.varve.testvms;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Hosts that are network namespaces of this one: a store, and hypervisors. Each hypervisor reaches the store by a link of its own,
 * which can be cut, and the other hypervisor by another. Needs root's rights, and a kernel that lets them make namespaces.
 */
final class Network implements AutoCloseable {
    /** The host that objects are kept on. */
    static final String STORE = "store";

    /** The hosts that guests run on. */
    static final List<String> HYPERVISORS = List.of("hv1", "hv2");

    /** The store's address. */
    static final String STORE_ADDRESS = "10.213.0.1";

    private static final String PREFIX = "varve-test-";
    private static final Pattern NAMESPACE = Pattern.compile("(" + PREFIX + "(\\d+)-\\w+).*");

    private static String absence;

    private final List<String> namespaces = new ArrayList<>();

    /** Makes the hosts and their links. */
    Network() throws IOException {
        removeForgotten();
        addHost(STORE);
        ip("-n", namespace(STORE), "link", "add", "hosts", "type", "bridge");
        ip("-n", namespace(STORE), "addr", "add", STORE_ADDRESS + "/24", "dev", "hosts");
        ip("-n", namespace(STORE), "link", "set", "hosts", "up");
        for (final String host : HYPERVISORS) {
            addHost(host);
            connect(STORE, host, host, STORE);
            ip("-n", namespace(STORE), "link", "set", host, "master", "hosts");
            ip("-n", namespace(host), "addr", "add", "10.213.0." + number(host) + "/24", "dev", STORE);
        }
        connect("hv1", "hosts", "hv2", "hosts");
        for (final String host : HYPERVISORS) {
            ip("-n", namespace(host), "addr", "add", address(host) + "/24", "dev", "hosts");
        }
    }

    /** Why there can't be one here, or null. */
    static synchronized String absence() throws IOException {
        if (absence == null) {
            try {
                new Network().close();
                absence = "";
            } catch (final IOException e) {
                absence = "no network namespaces can be made here (" + e.getMessage()
                        + "): hosts in them need root, and iproute2";
            }
        }
        return absence.isEmpty() ? null : absence;
    }

    /** A command that runs on a host. */
    List<String> on(final String host, final List<String> command) {
        final List<String> result = new ArrayList<>(List.of("ip", "netns", "exec", namespace(host)));
        result.addAll(command);
        return result;
    }

    /** Where other hypervisors reach one. */
    static String address(final String host) {
        return "10.213.1." + number(host);
    }

    /** Cuts the link between a hypervisor and the store; what is under way is lost. */
    void cut(final String host) throws IOException {
        ip("-n", namespace(STORE), "link", "set", host, "down");
    }

    /** Mends the link. */
    void mend(final String host) throws IOException {
        ip("-n", namespace(STORE), "link", "set", host, "up");
    }

    private static int number(final String host) {
        return 2 + HYPERVISORS.indexOf(host);
    }

    private static String namespace(final String host) {
        return PREFIX + ProcessHandle.current().pid() + "-" + host;
    }

    private void addHost(final String host) throws IOException {
        ip("netns", "add", namespace(host));
        namespaces.add(namespace(host));
        ip("-n", namespace(host), "link", "set", "lo", "up");
    }

    /** Connects two hosts by a cable with a name at each end. */
    private static void connect(final String from, final String fromName, final String to, final String toName)
            throws IOException {
        ip(
                "-n",
                namespace(from),
                "link",
                "add",
                fromName,
                "type",
                "veth",
                "peer",
                "name",
                toName,
                "netns",
                namespace(to));
        ip("-n", namespace(from), "link", "set", fromName, "up");
        ip("-n", namespace(to), "link", "set", toName, "up");
    }

    /** Namespaces stay when whoever made them is killed. */
    private static void removeForgotten() throws IOException {
        for (final String line : ip("netns", "list").lines().toList()) {
            final Matcher namespace = NAMESPACE.matcher(line);
            if (namespace.matches()
                    && ProcessHandle.of(Long.parseLong(namespace.group(2))).isEmpty()) {
                ip("netns", "delete", namespace.group(1));
            }
        }
    }

    private static String ip(final String... arguments) throws IOException {
        final List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        final Process process =
                new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (awaitExit(process) != 0) {
            throw new IOException(String.join(" ", command) + ": " + output.strip());
        }
        return output;
    }

    private static int awaitExit(final Process process) throws IOException {
        try {
            return process.waitFor();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(e.getMessage());
        }
    }

    @Override
    public void close() throws IOException {
        for (final String namespace : namespaces) {
            ip("netns", "delete", namespace);
        }
    }
}
