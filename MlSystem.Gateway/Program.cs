using MlSystem.Gateway.Failures;
using MlSystem.Gateway.RateLimiting;
using MlSystem.Gateway.Routing;
using MlSystem.Gateway.Status;
using MlSystem.ServiceDefaults;
using MlSystem.ServiceDefaults.Hosting;

InlineScheduling.CompleteSockets();
var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("gateway", replicas: true);
builder.Services.AddProtocolErrors();
builder.Services.AddPrincipalRateLimit();
builder.AddProxy();
builder.ScheduleInline();
builder.AddStatus();

var app = builder.Build();
app.UseServiceDefaults();
app.UseRateLimiter();
app.MapStatus();
app.MapProxy();

return await app.RunServiceAsync();
