# Has volumes as disks of this guest, with a daemon in it, or outside at the other end of eth0.
# ARGUMENTS: for the program that does it.
# Disks: vda the Java runtime (make-java-root), vdb an ext4 file system for store and cache.

run mkdir -p /java
run mount -t ext4 -o ro /dev/vda /java
await_disk /dev/vdb || fail "no disk /dev/vdb"
run mount -t ext4 /dev/vdb /java/mnt
for directory in tmp run bin; do run mount -t tmpfs tmpfs "/java/$directory"; done
run cp /bin/busybox /java/bin/busybox
run chroot /java /bin/busybox --install -s /bin
# Those of the machine come before those of busybox.
for program in /java/app/*; do
  [ ! -x "$program" ] || [ -d "$program" ] || run cp -f "$program" /java/bin/
done
run mount -t proc proc /java/proc
run mount -t sysfs sysfs /java/sys
run mount -o bind /dev /java/dev

[ ! -e /sys/class/net/eth0 ] || run ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up

PATH=/bin chroot /java /jdk/bin/java -Dvarve.test.limit=600 -Xmx160m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED \
  --sun-misc-unsafe-memory-access=allow --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED \
  -cp "$(cat /java/app/classpath)" io.varve.testvms.hostdisks.GuestHost $ARGUMENTS
status=$?
[ "$status" -eq 0 ] || dmesg | tail -n 60
[ "$status" -eq 0 ] || fail "it went wrong"
