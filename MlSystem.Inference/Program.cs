using MlSystem.Inference;
using MlSystem.Inference.Protocols;
using MlSystem.ServiceDefaults;
using MlSystem.ServiceDefaults.Hosting;

InlineScheduling.CompleteSockets();
var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("inference", replicas: true);
builder.AddInference();
builder.AddProtocols();
builder.ScheduleInline();

var app = builder.Build();
app.UseServiceDefaults();
app.MapProtocols();

return await app.RunServiceAsync();
