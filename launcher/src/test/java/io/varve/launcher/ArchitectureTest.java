package io.varve.launcher;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules for imports between modules and packages, held against the classes of all modules. */
class ArchitectureTest {
    private static JavaClasses varve;

    @BeforeAll
    static void readClasses() {
        varve = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .withImportOption(location -> !location.contains("testsupport"))
                .importPackages("io.varve");
        assertThat(varve.contain("io.varve.linux.IoRing")).isTrue();
        assertThat(varve.contain("io.varve.block.Export")).isTrue();
        assertThat(varve.contain("io.varve.control.Call")).isTrue();
        assertThat(varve.contain("io.varve.lsvd.Volume")).isTrue();
        assertThat(varve.contain("io.varve.vhostuser.VhostUserBlkServer")).isTrue();
        assertThat(varve.contain("io.varve.nbd.NbdServer")).isTrue();
        assertThat(varve.contain("io.varve.hostdisks.HostDisks")).isTrue();
        assertThat(varve.contain("io.varve.s3.S3ObjectStore")).isTrue();
        assertThat(varve.contain("io.varve.keys.KeySource")).isTrue();
    }

    @Test
    void importsRunOneWay() {
        layeredArchitecture()
                .consideringOnlyDependenciesInAnyPackage("io.varve..")
                .layer("launcher")
                .definedBy("io.varve.launcher..")
                .layer("control")
                .definedBy("io.varve.control..")
                .layer("vhost-user")
                .definedBy("io.varve.vhostuser..")
                .layer("nbd")
                .definedBy("io.varve.nbd..")
                .layer("host-disks")
                .definedBy("io.varve.hostdisks..")
                .layer("virtqueue")
                .definedBy("io.varve.virtqueue..")
                .layer("block")
                .definedBy("io.varve.block..")
                .layer("lsvd-engine")
                .definedBy("io.varve.lsvd..")
                .layer("s3-store")
                .definedBy("io.varve.s3..")
                .layer("keys")
                .definedBy("io.varve.keys..")
                .layer("linux")
                .definedBy("io.varve.linux..")
                .whereLayer("launcher")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("control")
                .mayOnlyBeAccessedByLayers("launcher")
                .whereLayer("vhost-user")
                .mayOnlyBeAccessedByLayers("launcher")
                .whereLayer("nbd")
                .mayOnlyBeAccessedByLayers("launcher")
                .whereLayer("host-disks")
                .mayOnlyBeAccessedByLayers("launcher")
                .whereLayer("virtqueue")
                .mayOnlyBeAccessedByLayers("launcher", "vhost-user")
                .whereLayer("block")
                .mayOnlyBeAccessedByLayers("launcher", "vhost-user", "nbd", "virtqueue")
                .whereLayer("s3-store")
                .mayOnlyBeAccessedByLayers("launcher")
                .whereLayer("keys")
                .mayOnlyBeAccessedByLayers("launcher")
                .whereLayer("lsvd-engine")
                .mayOnlyBeAccessedByLayers("launcher", "s3-store", "keys")
                .whereLayer("linux")
                .mayOnlyBeAccessedByLayers(
                        "launcher",
                        "vhost-user",
                        "nbd",
                        "host-disks",
                        "virtqueue",
                        "block",
                        "s3-store",
                        "keys",
                        "lsvd-engine")
                .check(varve);
    }

    /** What a protocol may import, one entry for each: another protocol is another entry. */
    @ParameterizedTest
    @CsvSource({"io.varve.vhostuser.., io.varve.virtqueue..", "io.varve.nbd.., io.varve.nbd.."})
    void protocolsKnowTheSeamAndTheBindingsOnly(final String protocol, final String ownLibrary) {
        classes()
                .that()
                .resideInAPackage(protocol)
                .should()
                .onlyDependOnClassesThat(JavaClass.Predicates.resideOutsideOfPackage("io.varve..")
                        .or(JavaClass.Predicates.resideInAnyPackage(
                                protocol, ownLibrary, "io.varve.block..", "io.varve.linux..")))
                .check(varve);
    }

    /** Whoever manages volumes is written against it, in processes that have nothing else of Varve. */
    @Test
    void controlKnowsJsonAndNothingElse() {
        classes()
                .that()
                .resideInAPackage("io.varve.control..")
                .should()
                .onlyDependOnClassesThat(
                        JavaClass.Predicates.resideInAnyPackage("io.varve.control..", "java..", "tools.jackson.."))
                .check(varve);
    }

    @Test
    void everyClassBelongsToAModule() {
        classes()
                .should()
                .resideInAnyPackage(
                        "io.varve.launcher..",
                        "io.varve.control..",
                        "io.varve.vhostuser..",
                        "io.varve.nbd..",
                        "io.varve.hostdisks..",
                        "io.varve.virtqueue..",
                        "io.varve.block..",
                        "io.varve.lsvd..",
                        "io.varve.s3..",
                        "io.varve.keys..",
                        "io.varve.linux..")
                .check(varve);
    }

    @Test
    void nativeCallsAreInTheBindingsOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.varve.linux..")
                .should()
                .dependOnClassesThat()
                .areAssignableTo(Linker.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(SymbolLookup.class)
                .check(varve);
    }

    @Test
    void librariesLogThroughThePlatformOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.varve.launcher.logging..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.slf4j..", "ch.qos.logback..", "java.util.logging..")
                .check(varve);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("io.varve.(**)").should().beFreeOfCycles().check(varve);
    }
}
