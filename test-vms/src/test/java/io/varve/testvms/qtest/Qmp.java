package io.varve.testvms.qtest;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.jr.ob.JSON;

/** The monitor of a QEMU. Calls and events are waited for as long as QEMU lives: whoever uses it sets a limit of time. */
public final class Qmp implements AutoCloseable {
    private final Path path;
    private final LineSocket socket;
    private final List<Map<String, Object>> events = new ArrayList<>();

    /** Listens for a QEMU that is given {@link #arguments()}. */
    public Qmp(final Path path) throws IOException {
        this.path = path;
        socket = new LineSocket(path);
    }

    /** What makes a QEMU connect. */
    public List<String> arguments() {
        return List.of("-chardev", "socket,id=qmp,path=" + path, "-mon", "chardev=qmp,mode=control");
    }

    /** Waits until QEMU has connected. */
    public void accept() throws IOException {
        socket.accept();
        socket.receive();
        execute("qmp_capabilities", Map.of());
    }

    /** Carries a command out; its answer, as a map. */
    @SuppressWarnings("unchecked")
    public Object execute(final String command, final Map<String, ?> arguments) throws IOException {
        socket.send(JSON.std.asString(Map.of("execute", command, "arguments", arguments)));
        while (true) {
            final Map<String, Object> message = receive();
            if (message.containsKey("return")) {
                return message.get("return");
            }
            if (message.containsKey("error")) {
                throw new QmpException(
                        ((Map<String, Object>) message.get("error")).get("desc").toString());
            }
            events.add(message);
        }
    }

    /** Adds a disk to a bus. */
    public void addDisk(final String id, final Path socket, final String bus) throws IOException {
        addChardev(id, socket);
        execute("device_add", Map.of("driver", "vhost-user-blk-pci", "id", id, "chardev", id, "bus", bus));
    }

    /** Adds a connection to a back-end. */
    public void addChardev(final String id, final Path socket) throws IOException {
        final Map<String, ?> address = Map.of("type", "unix", "data", Map.of("path", socket.toString()));
        execute(
                "chardev-add",
                Map.of(
                        "id",
                        id,
                        "backend",
                        Map.of("type", "socket", "data", Map.of("addr", address, "server", false))));
    }

    /** Waits for an event, beyond all others; its data. */
    public Object awaitEvent(final String name) throws IOException {
        while (true) {
            while (!events.isEmpty()) {
                final Map<String, Object> event = events.removeFirst();
                if (name.equals(event.get("event"))) {
                    return event.get("data");
                }
            }
            events.add(receive());
        }
    }

    private Map<String, Object> receive() throws IOException {
        return JSON.std.mapFrom(socket.receive());
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    /** QEMU refuses a command. */
    public static final class QmpException extends IOException {
        private static final long serialVersionUID = 1;

        private QmpException(final String description) {
            super(description);
        }
    }
}
