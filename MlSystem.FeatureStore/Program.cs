using MlSystem.FeatureStore;
using MlSystem.FeatureStore.Consistency;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Erasure;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Materialization;
using MlSystem.FeatureStore.Offline.Compaction;
using MlSystem.FeatureStore.Offline.Statistics;
using MlSystem.FeatureStore.Online;
using MlSystem.FeatureStore.PointInTime;
using MlSystem.FeatureStore.Statistics;
using MlSystem.FeatureStore.Streams;
using MlSystem.ServiceDefaults;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.Hosting;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("features");
builder.AddEventLog();
builder.AddDefinitions().AddIngestion().AddOfflineStore().AddOnlineStore().AddJobs().AddErasure().AddConsistency();
builder.AddStreams();

builder.ScheduleInline();

var app = builder.Build();
app.UseServiceDefaults();
app.MapDefinitions();
app.MapPush();
app.MapCsv();
app.MapOnline();
app.MapPartitions();
app.MapCompaction();
app.MapStatistics();
app.MapMaterialize();
app.MapMaterializations();
app.MapConsistency();
app.MapErasures();
app.MapHistorical();
app.MapGrpcService<OnlineGrpcService>();
app.MapGrpcService<HistoricalGrpcService>();
app.MapGrpcReflectionService();

return await app.RunServiceAsync();
