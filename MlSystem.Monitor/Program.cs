using MlSystem.Monitor;
using MlSystem.Monitor.History;
using MlSystem.Monitor.Performance;
using MlSystem.Monitor.Served;
using MlSystem.Monitor.Storage;
using MlSystem.ServiceDefaults;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.ServiceDefaults.Storage;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("monitor");
builder.AddDatabase<MonitorContext, SqliteMonitorContext, PostgresMonitorContext>();
builder.AddEventLog();
builder.Services.AddMonitor();

var app = builder.Build();
app.UseServiceDefaults();
app.MapPerformance();
app.MapHistory();
app.MapServed();

return await app.RunServiceAsync();
