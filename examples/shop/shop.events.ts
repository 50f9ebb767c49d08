/** A customer placed an order. */
export class OrderPlaced {
  static readonly eventType = 'shop.order.placed';

  constructor(
    readonly orderId: string,
    readonly total: number,
  ) {}
}

/** The goods of an order left the warehouse. */
export class OrderShipped {
  static readonly eventType = 'shop.order.shipped';

  constructor(
    readonly orderId: string,
    readonly parcelId: string,
  ) {}
}

/** An invoice went out to a customer. */
export class InvoiceSent {
  static readonly eventType = 'shop.invoice.sent';

  constructor(
    readonly invoiceId: string,
    readonly orderId: string,
    readonly total: number,
  ) {}
}
