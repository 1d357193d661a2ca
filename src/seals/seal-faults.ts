export type AuditFaultKind =
  | 'event_edited'
  | 'event_missing'
  | 'event_added'
  | 'event_repeated'
  | 'event_reordered'
  | 'event_forged'
  | 'seal_missing'
  | 'seal_broken'
  | 'seal_signature'
  | 'seal_key'
  | 'checkpoint';

/** A fault of the log and its place. */
export interface AuditFault {
  readonly kind: AuditFaultKind;
  readonly message: string;
  readonly seal: number | null;
  readonly event: string | null;
}

const MESSAGES: Readonly<Record<AuditFaultKind, string>> = {
  event_edited: 'an event was edited after it was sealed',
  event_missing: 'an event was removed',
  event_added: 'an event was added where everything is sealed already',
  event_repeated: 'an event is in the log twice',
  event_reordered: 'events were reordered',
  event_forged: 'an event was not written by this service, or was edited before it was sealed',
  seal_missing: 'a seal was removed',
  seal_broken: 'a seal was edited or does not follow the one before',
  seal_signature: 'a seal was not signed by this service, or after its key was handed over',
  seal_key:
    'a seal names a key that is not known here: the seal is invented, or its secret was removed from the settings ' +
    'without a handover, which latchkey audit handover writes afterwards',
  checkpoint: 'the log does not hold the seal of the checkpoint, or another one of that number',
};

/** Thrown at the first fault: nothing after it can be trusted. */
export class AuditFaultFound extends Error {
  override name = 'AuditFaultFound';
  readonly fault: AuditFault;

  constructor(
    kind: AuditFaultKind,
    where: { readonly seal?: number | undefined; readonly event?: string | undefined },
  ) {
    super(MESSAGES[kind]);
    this.fault = {
      kind,
      message: MESSAGES[kind],
      seal: where.seal ?? null,
      event: where.event ?? null,
    };
  }
}
