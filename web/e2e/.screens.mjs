import {launch,newPage} from './support/browser.mjs'; import {screenshot} from './support/screenshot.mjs'; import {settled} from './support/pages.mjs';
const b=await launch();
for (const [origin,path,name,wait,seen] of [['http://127.0.0.1:7001','/','home','.provider',true]]) {
 const p=await newPage(b,origin); if(seen) await p.addInitScript(()=>localStorage.setItem('kalends.signed_in','1')); await p.goto(path); await p.waitForSelector(wait); await settled(p); await p.waitForTimeout(1500); await screenshot(p,name); await p.context().close(); console.log(name);
}
await b.close();
