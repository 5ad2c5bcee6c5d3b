using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Definitions.Storage;
using MlSystem.ServiceDefaults;
using MlSystem.ServiceDefaults.Storage;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("features");
builder.AddDatabase<FeatureStoreContext, SqliteFeatureStoreContext, PostgresFeatureStoreContext>();

var app = builder.Build();
app.UseServiceDefaults();
app.MapDefinitions();

await app.RunAsync();
