package io.varve.lsvd.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.store.FileSystemCheck.Verdict;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class FileSystemCheckTest {
    private static final String ROOT = "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "nfs4 | rw,vers=4.2,rsize=1048576,hard,proto=tcp,addr=10.0.0.1 | CACHES",
                "nfs | rw,vers=3,acregmin=0,acregmax=0,acdirmin=0,acdirmax=0,hard | FIT",
                "nfs4 | rw,vers=4.1,noac,hard | FIT",
                "nfs4 | rw,vers=4.1,acdirmin=30,acdirmax=60,lookupcache=none | CACHES",
                "nfs | rw,vers=3,acregmin=0,acregmax=0,hard | CACHES",
                "cifs | rw,vers=3.1.1,cache=strict,actimeo=1 | CACHES",
                "cifs | rw,vers=3.1.1,cache=strict,actimeo=0 | FIT",
                "9p | rw,sync,dirsync,trans=virtio | FIT",
                "9p | rw,cache=loose,trans=virtio | CACHES",
                "fuse.sshfs | rw,user_id=0 | UNKNOWN",
                "virtiofs | rw | UNKNOWN",
                "ceph | rw,name=admin | FIT",
                "xfs | rw,attr2 | FIT",
            })
    void judgesByTypeAndOptions(final String type, final String options, final Verdict verdict) {
        final List<String> mounts =
                List.of(ROOT, "40 22 0:44 / /mnt/a\\040b rw,relatime shared:9 - " + type + " server:/x " + options);
        assertThat(FileSystemCheck.judge(Path.of("/mnt/a b/store"), mounts)).isEqualTo(verdict);
        assertThat(FileSystemCheck.judge(Path.of("/mnt/store"), mounts)).isEqualTo(Verdict.FIT);
    }

    @Test
    void takesTheLastOfSeveralMountsAtOnePlace() {
        final List<String> mounts = List.of(
                ROOT,
                "40 22 0:44 / /mnt rw - nfs4 server:/x rw,vers=4.2",
                "41 40 254:2 / /mnt rw - ext4 /dev/vdb rw",
                "garbage");
        assertThat(FileSystemCheck.judge(Path.of("/mnt/store"), mounts)).isEqualTo(Verdict.FIT);
        assertThat(FileSystemCheck.judge(Path.of("/mnt/store"), mounts.subList(0, 2)))
                .isEqualTo(Verdict.CACHES);
    }

    @Test
    void knowsNothingAgainstTheFileSystemOfThisTest() throws Exception {
        FileSystemCheck.require(Path.of("/"));
    }
}
