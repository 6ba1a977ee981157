package io.varve.lsvd.simulator;

/** Bugs that can be planted at the engine's interfaces, to see that the simulator finds them. */
enum PlantedBug {
    /** None. */
    NONE,
    /** fdatasync says that it is done and does nothing. */
    SKIPPED_SYNC,
    /** A seal is not written. */
    DROPPED_SEAL,
    /** A write to the log is answered before it is done. */
    EARLY_ACKNOWLEDGEMENT,
    /** An upload is answered before it is done, so that a later object can be there without it. */
    BROKEN_ORDER,
    /** A creation under a taken key replaces what is there. */
    OVERWRITING_STORE,
    /** The first host's clock takes ten times as long as it should. */
    SLOW_CLOCK,
    /** The read cache takes lines for others, whose checksums it has as well. */
    MISLABELLED_CACHE,
    /** A listing of pins or clones does not show them to whoever has the volume open for writing, one time in four. */
    FORGOTTEN_PINS,
    /** The objects that garbage collection makes are answered before they are there. */
    EARLY_COLLECTION,
    /** A host that follows a volume takes it before it has seen the seal of the one that hands it over. */
    EARLY_TAKE,
    /** A deletion is answered and not carried out, one time in four. */
    LOST_DELETION,
    /** A host's superblock does not keep what the store has held. */
    FORGETFUL_HOST,
    /** A store that takes nothing for a while says that it has taken it. */
    UNWRITTEN_CREATION,
    /** A deletion that is carried out after its answer takes the object behind as well. */
    WIDE_DELETION,
    /** A log can be opened, and made, by a process while another has it open. */
    UNLOCKED_LOG,
    /** What is kept of a position in the log has 32 bits. */
    NARROW_POSITION,
    /** An object is kept under the lower 32 bits of its sequence. */
    NARROW_SEQUENCE,
    /** A record of the log that can't be read is passed over, as if the operator had said so each time. */
    ACCEPTED_LOSS,
    /** A host's clock stands still while the host is suspended. */
    SLEEPING_CLOCK,
    /** An agent ends when it meets an error that nobody foresaw, and nobody is told. */
    DYING_AGENT,
    /** An agent that throws is run again at once. */
    RESTLESS_AGENT,
    /** Nobody is told of what agents throw. */
    SILENT_AGENT,
    /** A listing shows the keys of other programs under names that could be the engine's. */
    ADOPTED_KEYS,
    /** A deletion takes what other programs have left beside the object. */
    DELETED_NEIGHBOURS,
    /** A listing that meets a key of another program fails. */
    STRICT_LISTING,
    /** A creation is answered before its name is durable. */
    UNSYNCED_CREATION,
    /** That a key is taken is answered before its name is durable. */
    UNSYNCED_TAKEN,
    /** What is to be confirmed stays as it was. */
    UNCONFIRMED,
    /** A volume that is to go back to a snapshot is opened as it is. */
    MISSED_ROLLBACK,
    /** A clone's ancestors are let go before all that it shares with them has been copied. */
    EARLY_CUT
}
