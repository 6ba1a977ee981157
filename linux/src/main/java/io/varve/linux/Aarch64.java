package io.varve.linux;

/** Linux on aarch64: bits/fcntl-linux.h, arch/arm64 asm/fcntl.h, bits/struct_stat.h, sys/epoll.h and asm/unistd.h. */
final class Aarch64 implements Abi {
    @Override
    public int oDirect() {
        return 0x1_0000;
    }

    @Override
    public int oDirectory() {
        return 0x4000;
    }

    @Override
    public int oNoFollow() {
        return 0x8000;
    }

    @Override
    public int statSize() {
        return 128;
    }

    @Override
    public int statModeOffset() {
        return 16;
    }

    @Override
    public int statBlockSizeOffset() {
        return 56;
    }

    @Override
    public int epollEventSize() {
        return 16;
    }

    @Override
    public int epollDataOffset() {
        return 8;
    }

    @Override
    public int sysSchedSetattr() {
        return 274;
    }

    @Override
    public int sysSchedGetattr() {
        return 275;
    }
}
