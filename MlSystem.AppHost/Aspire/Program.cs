using MlSystem.AppHost.Aspire;

var builder = DistributedApplication.CreateBuilder(args);
var target = builder.AddDeployTarget();
var stores = builder.AddStores(target);
var keys = builder.AddApiKeys();

var registry = builder.AddService<Projects.MlSystem_Registry>("registry", target, keys)
    .WithReference(stores.Registry, "database").WaitFor(stores.Registry)
    .WithReference(stores.Kafka).WaitFor(stores.Kafka);

var features = builder.AddService<Projects.MlSystem_FeatureStore>("features", target, keys)
    .WithReference(stores.Features, "database").WaitFor(stores.Features)
    .WithReference(stores.Cache).WaitFor(stores.Cache)
    .WithReference(stores.Kafka).WaitFor(stores.Kafka);

var inference = builder.AddService<Projects.MlSystem_Inference>("inference", target, keys)
    .WithReference(stores.Kafka).WaitFor(stores.Kafka)
    .WithReference(registry).WaitFor(registry)
    .WithReference(features).WaitFor(features);

var training = builder.AddService<Projects.MlSystem_Training>("training", target, keys)
    .WithReference(stores.Training, "database").WaitFor(stores.Training)
    .WithReference(stores.Kafka).WaitFor(stores.Kafka)
    .WithReference(registry).WaitFor(registry)
    .WithReference(features).WaitFor(features);

var monitor = builder.AddService<Projects.MlSystem_Monitor>("monitor", target, keys)
    .WithReference(stores.Monitor, "database").WaitFor(stores.Monitor)
    .WithReference(stores.Kafka).WaitFor(stores.Kafka)
    .WithReference(registry).WithReference(features).WithReference(training).WithReference(inference);

// For the counts in a version's lineage; without Monitor the registry answers without them.
registry.WithReference(monitor);

// For labelled predictions as rows to train on.
training.WithReference(monitor);

builder.AddService<Projects.MlSystem_Gateway>("gateway", target, keys)
    .WithReference(inference).WaitFor(inference)
    .WithReference(registry).WaitFor(registry)
    .WithReference(features).WaitFor(features)
    .WithReference(training).WaitFor(training)
    .WithReference(monitor).WaitFor(monitor)
    .WithSampleCommand();

builder.Build().Run();
