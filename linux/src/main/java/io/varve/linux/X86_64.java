package io.varve.linux;

/** Linux on x86-64: bits/fcntl-linux.h, asm-generic/fcntl.h, bits/struct_stat.h, sys/epoll.h and asm/unistd.h. */
final class X86_64 implements Abi {
    @Override
    public int oDirect() {
        return 0x4000;
    }

    @Override
    public int oDirectory() {
        return 0x1_0000;
    }

    @Override
    public int oNoFollow() {
        return 0x2_0000;
    }

    @Override
    public int statSize() {
        return 144;
    }

    @Override
    public int statModeOffset() {
        return 24;
    }

    @Override
    public int statBlockSizeOffset() {
        return 56;
    }

    @Override
    public int epollEventSize() {
        return 12;
    }

    @Override
    public int epollDataOffset() {
        return 4;
    }

    @Override
    public int sysSchedSetattr() {
        return 314;
    }

    @Override
    public int sysSchedGetattr() {
        return 315;
    }
}
