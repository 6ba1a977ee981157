# Runs a Varve daemon and its client on a file system whose disk is recorded.
# FS: its kind; MARKS: where on the disk the client's marks begin; ARGUMENTS: more for the client.
# Disks: vda the Java runtime (make-java-root), vdb the recorded one, vdc where the client leaves its history.

run mkdir -p /java
run mount -t ext4 -o ro /dev/vda /java
run mount -t "$FS" /dev/vdb /java/mnt
for directory in tmp run bin; do run mount -t tmpfs tmpfs "/java/$directory"; done
run cp /bin/busybox /java/bin/busybox
run chroot /java /bin/busybox --install -s /bin
run rm /java/bin/env
run cp /java/app/env /java/bin/env
run mount -t proc proc /java/proc
run mount -t sysfs sysfs /java/sys
run mount -o bind /dev /java/dev
sync

step load
chroot /java /jdk/bin/java -Xmx192m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED \
  --sun-misc-unsafe-memory-access=allow --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED -Dvarve.test.limit=300 \
  -cp "$(cat /java/app/classpath)" io.varve.testvms.powercut.GuestLoad \
  --directory /mnt --marks /dev/vdb --marks-at "$MARKS" --history /dev/vdc $ARGUMENTS || fail "the client failed"
