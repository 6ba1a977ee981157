package io.varve.virtqueue;

import io.varve.block.BlockDevice;

/** Numbers of the virtio block device (virtio 1.3, section 5.2) and of virtio itself, as far as they are used. */
public final class VirtioBlk {
    /** Feature: the most segments of a request are given. */
    public static final long F_SEG_MAX = 1L << 2;

    /** Feature: the disk is read-only. */
    public static final long F_RO = 1L << 5;

    /** Feature: the size of a logical block is given. */
    public static final long F_BLK_SIZE = 1L << 6;

    /** Feature: FLUSH is supported. */
    public static final long F_FLUSH = 1L << 9;

    /** Feature: physical block size and the like are given. */
    public static final long F_TOPOLOGY = 1L << 10;

    /** Feature: the write cache can be turned off and on through the config space. */
    public static final long F_CONFIG_WCE = 1L << 11;

    /** Feature: there is more than one queue. */
    public static final long F_MQ = 1L << 12;

    /** Feature: DISCARD is supported. */
    public static final long F_DISCARD = 1L << 13;

    /** Feature: WRITE_ZEROES is supported. */
    public static final long F_WRITE_ZEROES = 1L << 14;

    /** Feature of virtio: descriptors can refer to tables of descriptors. */
    public static final long F_RING_INDIRECT_DESC = 1L << 28;

    /** Feature of virtio: either side says which index it wants to be told of. */
    public static final long F_RING_EVENT_IDX = 1L << 29;

    /** Feature of virtio: version 1 or later. */
    public static final long F_VERSION_1 = 1L << 32;

    /** Feature of virtio: rings are packed. */
    public static final long F_RING_PACKED = 1L << 34;

    /** Request: read. */
    public static final int T_IN = 0;

    /** Request: write. */
    public static final int T_OUT = 1;

    /** Request: make completed writes durable. */
    public static final int T_FLUSH = 4;

    /** Request of drivers without {@link #F_VERSION_1}: as {@link #T_FLUSH}. */
    public static final int T_FLUSH_OUT = 5;

    /** Bit of a request's type, of drivers without {@link #F_VERSION_1}: a barrier. */
    public static final int T_BARRIER = 1 << 31;

    /** Request: tell the serial number. */
    public static final int T_GET_ID = 8;

    /** Request: forget ranges. */
    public static final int T_DISCARD = 11;

    /** Request: make ranges zero. */
    public static final int T_WRITE_ZEROES = 13;

    /** Status: done. */
    public static final int S_OK = 0;

    /** Status: failed. */
    public static final int S_IOERR = 1;

    /** Status: not supported. */
    public static final int S_UNSUPP = 2;

    /** Bytes of a request's header: type u32, reserved u32, sector u64. */
    public static final int HEADER_LENGTH = 16;

    /** Bytes of the serial number that GET_ID answers, padded with zeros. */
    public static final int ID_LENGTH = 20;

    /** Bytes of one segment of DISCARD and WRITE_ZEROES: sector u64, num_sectors u32, flags u32. */
    public static final int SEGMENT_LENGTH = 16;

    /** Flag of a WRITE_ZEROES segment: the space may be given back. */
    public static final int SEGMENT_F_UNMAP = 1;

    /** Most sectors of one segment of DISCARD or WRITE_ZEROES. */
    public static final int MAX_RANGE_SECTORS = (int) (BlockDevice.MAX_RANGE_LENGTH / BlockDevice.SECTOR_SIZE);

    private VirtioBlk() {}
}
