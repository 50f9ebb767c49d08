import { ShopModule } from '../examples/shop/shop.module.js';
import { serve } from './server/serve.js';

await serve((config) => [ShopModule.forServer(config)]);
