package io.varve.testvms.powercut;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * A mistake that has to be found: a call is left out of classes, which come before the real ones on the guest's class
 * path.
 */
public enum PlantedBug {
    /** The log is not made durable. */
    LOG_SYNC(new Omission("io.varve.linux.PoolOperation", "fdatasync")),
    /** Objects of the store are not made durable. */
    OBJECT_SYNC(new Omission("io.varve.lsvd.store.DirectoryStore", "force")),
    /** Names, of objects and of the log, are not made durable. */
    NAME_SYNC(
            new Omission("io.varve.lsvd.store.DurableDirectories", "force"),
            new Omission("io.varve.linux.LinuxFile", "fsync"));

    private final List<Omission> omissions;

    /** A call that is left out of a class. */
    private record Omission(String className, String method) {}

    PlantedBug(final Omission... omissions) {
        this.omissions = List.of(omissions);
    }

    /** Its name on a command line. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Writes the classes with the mistake in them. */
    public void writeTo(final Path directory) throws IOException {
        for (final Omission omission : omissions) {
            final Path file = directory.resolve(omission.className.replace('.', '/') + ".class");
            Files.createDirectories(file.getParent());
            Files.write(file, without(omission));
        }
    }

    private static byte[] without(final Omission omission) throws IOException {
        final byte[] original;
        try (InputStream in =
                PlantedBug.class.getResourceAsStream("/" + omission.className.replace('.', '/') + ".class")) {
            original = in.readAllBytes();
        }
        final ClassFile classFile = ClassFile.of();
        final int[] count = new int[1];
        final CodeTransform leaveOut = (builder, element) -> {
            if (element instanceof final InvokeInstruction call && call.name().equalsString(omission.method)) {
                count[0]++;
                final MethodTypeDesc type = call.typeSymbol();
                for (int i = type.parameterCount() - 1; i >= 0; i--) {
                    pop(builder, type.parameterType(i));
                }
                if (call.opcode() != Opcode.INVOKESTATIC) {
                    builder.pop();
                }
                if (type.returnType().equals(ConstantDescs.CD_int)) {
                    builder.iconst_0();
                }
            } else {
                builder.with(element);
            }
        };
        final byte[] changed =
                classFile.transformClass(classFile.parse(original), ClassTransform.transformingMethodBodies(leaveOut));
        if (count[0] == 0) {
            throw new IllegalStateException(omission.className + " has no call of " + omission.method);
        }
        return changed;
    }

    private static void pop(final java.lang.classfile.CodeBuilder builder, final ClassDesc type) {
        if (TypeKind.from(type).slotSize() == 2) {
            builder.pop2();
        } else {
            builder.pop();
        }
    }
}
