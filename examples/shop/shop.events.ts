/** A customer placed an order. */
export class OrderPlaced {
  static readonly eventType = 'shop.order.placed';
}

/** The goods of an order left the warehouse. */
export class OrderShipped {
  static readonly eventType = 'shop.order.shipped';
}

/** An invoice went out to a customer. */
export class InvoiceSent {
  static readonly eventType = 'shop.invoice.sent';
}
